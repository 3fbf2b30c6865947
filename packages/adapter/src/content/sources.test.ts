import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { untilAborted } from "../async/iterate.js";
import { discard } from "./sources.js";

function locked(): ReadableStream {
  const stream = new ReadableStream();
  stream.getReader();
  return stream;
}

const throwing = (): never => {
  throw new Error("no");
};

describe("discard", () => {
  it("closes streams and iterators", async () => {
    const closed: string[] = [];
    const stream = new Readable({ read: () => undefined });
    discard(stream);
    discard(new ReadableStream({ cancel: () => void closed.push("web stream") }));
    discard({ [Symbol.iterator]: () => ({ next: () => ({ done: true }), return: () => closed.push("iterator") }) });
    discard(new Response(new ReadableStream({ cancel: () => void closed.push("response") })));
    await nextTurn();
    expect(stream.destroyed).toBe(true);
    expect(closed).toEqual(["web stream", "iterator", "response"]);
  });

  it.each<[string, unknown]>([
    ["a locked web stream", locked()],
    ["an iterable that throws", { [Symbol.asyncIterator]: throwing }],
    ["an iterable that returns no iterator", { [Symbol.iterator]: () => 5 }],
    ["a Node stream that cannot be destroyed", { pipe: 1, on: () => undefined, destroy: throwing }],
    ["a proxy that throws", new Proxy({}, { has: throwing })],
    ["nothing", undefined],
  ])("does not throw for %s", (_, source) => {
    expect(() => {
      discard(source);
    }).not.toThrow();
  });

  it("leaves no unhandled rejection for a source that arrives too late", async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown): void => {
      unhandled.push(error);
    };
    process.on("unhandledRejection", listener);
    try {
      await expect(
        untilAborted(Promise.resolve(locked()), AbortSignal.abort(new Error("gone")), discard),
      ).rejects.toThrow("gone");
      await nextTurn();
      await nextTurn();
    } finally {
      process.off("unhandledRejection", listener);
    }
    expect(unhandled).toEqual([]);
  });
});
