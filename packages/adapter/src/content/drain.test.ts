import { describe, expect, it } from "@jest/globals";
import { inboxOf } from "../calls/requests.js";
import { drain } from "./drain.js";

function arriving(messages: AsyncIterable<unknown>) {
  return inboxOf(messages, new AbortController().signal);
}

describe("drain", () => {
  it("reads to the end, and ignores a failure there", async () => {
    for (const failure of [undefined, new Error("the host has gone")]) {
      let sent = 0;
      await drain(
        arriving(
          (async function* () {
            for (; sent < 3; sent++) yield Promise.resolve(sent);
            if (failure !== undefined) throw failure;
          })(),
        ),
      );
      expect(sent).toBe(3);
    }
  });

  it("accepts a stream that has already ended", async () => {
    const ended = (async function* () {})();
    await ended.next();
    await drain(arriving(ended));
    expect(await ended.next()).toEqual({ done: true, value: undefined });
  });
});
