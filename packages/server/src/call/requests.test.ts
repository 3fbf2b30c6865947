import { describe, expect, it } from "@jest/globals";
import { Requests } from "./requests.js";

/** Creates requests, and records the costs of those that were taken or dropped. */
function requestsOf(...messages: string[]): { readonly requests: Requests; readonly taken: number[] } {
  const taken: number[] = [];
  const requests = new Requests((cost) => taken.push(cost));
  for (const message of messages) requests.push(message, message.length);
  return { requests, taken };
}

describe("Requests", () => {
  it("drop later messages after an abort, since earlier ones are missing", async () => {
    const { requests, taken } = requestsOf("a", "bb");
    expect(requests.take()).toBe("a");
    requests.abort(new Error("too late"));
    requests.push("dddd", 4);
    // Dropped messages are credited too: the window must not stay closed.
    expect([requests.take(), taken]).toEqual([undefined, [1, 4]]);
    await expect(requests.next()).rejects.toThrow("too late");
    await expect(requests.more()).rejects.toThrow("too late");
  });

  it("throw the first reason after several aborts", async () => {
    const { requests } = requestsOf();
    requests.abort(new Error("too late"));
    requests.abort(new Error("the call has ended"));
    await expect(requests.next()).rejects.toThrow("too late");
  });

  it("throw when iterated again after a break, rather than end early", async () => {
    const { requests, taken } = requestsOf("head", "content");
    for await (const head of requests) {
      expect(head).toBe("head");
      break;
    }
    await expect(requests.next()).rejects.toThrow("they can be iterated once");
    await expect(requests.more()).rejects.toThrow("they can be iterated once");
    expect(requests.take()).toBeUndefined();
    // Unread messages hold the host back.
    requests.push("more", 4);
    requests.end();
    expect(taken).toEqual([4]);
    await expect(requests.next()).rejects.toThrow("they can be iterated once");
  });

  it("settle every pending more()", async () => {
    for (const [end, outcome] of [
      [
        (requests: Requests): void => {
          requests.end();
        },
        { status: "fulfilled", value: false },
      ],
      [
        (requests: Requests): void => {
          requests.push("x", 1);
        },
        { status: "fulfilled", value: true },
      ],
      [
        (requests: Requests): void => {
          requests.abort(new Error("gone"));
        },
        { status: "rejected", reason: new Error("gone") },
      ],
    ] as const) {
      const { requests } = requestsOf();
      const waits = [requests.more(), requests.more()];
      end(requests);
      expect(await Promise.allSettled(waits)).toEqual([outcome, outcome]);
    }
  });
});
