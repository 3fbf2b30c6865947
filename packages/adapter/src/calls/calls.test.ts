import { describe, expect, it } from "@jest/globals";
import { Code, ConnectError } from "@connectrpc/connect";
import type { CallContext } from "@kloset/model";
import { takeNext } from "./requests.js";
import { Calls } from "./calls.js";
import { invalidArgument } from "./errors.js";
import { callInContext, LazyContext } from "./lazy-context.js";
import { Session } from "../session/session.js";

interface Value {
  readonly name: string;
}

const open = () => ({ value: { name: "one" }, close: () => undefined });
const signal = new AbortController().signal;

async function opened(): Promise<Calls<Value>> {
  const calls = new Calls(new Session<Value>(), "test.Service");
  await calls.init(open, () => ({}));
  return calls;
}

async function codeAndText(call: Promise<unknown>): Promise<[Code, string] | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return error instanceof ConnectError ? [error.code, error.rawMessage] : undefined;
  }
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

describe("Calls", () => {
  it("send content in memory at once, and are idle afterwards", async () => {
    const calls = await opened();
    const sent: unknown[] = [];
    const chunk = Uint8Array.of(1);
    const read = (open: () => Uint8Array) =>
      calls
        .content("Read", { signal }, () => ({ open, what: "x" }))
        .run((message) => {
          sent.push(message);
          return undefined;
        });
    expect(read(() => chunk)).toBeUndefined();
    expect(sent).toEqual([{ chunk }]);
    expect(() =>
      read(() => {
        throw new Error("disk error");
      }),
    ).toThrow("disk error");
    // Waits for calls in flight, at most ten seconds.
    await calls.close();
  }, 5000);

  it("return the answers of the connector", async () => {
    const calls = new Calls(new Session<Value>(), "test.Service");
    expect(await calls.init(open, ({ name }) => ({ name }))).toEqual({ name: "one" });
    expect(await calls.unary("Get", ({ name }) => name)).toBe("one");
    expect(await calls.empty("Put", ({ name }) => name)).toEqual({});
    expect(
      await collect(
        calls.serverStream<string>("List", { signal }, async ({ name }, send) => {
          await send(name);
          await send("two");
        }),
      ),
    ).toEqual(["one", "two"]);
    const chunk = Uint8Array.of(1);
    expect(await collect(calls.content("Read", { signal }, () => ({ open: () => [chunk], what: "x" })))).toEqual([
      { chunk },
    ]);
    expect(await calls.close()).toEqual({});
  });

  it("name the RPC of the called service, even if services share the session", async () => {
    const session = new Session<Value>();
    for (const service of ["a.Service", "b.Service"]) {
      const calls = new Calls(session, service);
      const before = (rpc: string) => [Code.FailedPrecondition, `${service}/${rpc} was called before Init`];
      expect(await codeAndText(calls.unary("Get", () => 1))).toEqual(before("Get"));
      expect(await codeAndText(calls.close())).toEqual(before("Close"));
      expect(await codeAndText(collect(calls.serverStream("List", { signal }, () => Promise.resolve())))).toEqual(
        before("List"),
      );
    }
    await new Calls(session, "a.Service").init(open, () => ({}));
    expect(await codeAndText(new Calls(session, "b.Service").init(open, () => ({})))).toEqual([
      Code.FailedPrecondition,
      "b.Service/Init was called twice",
    ]);
  });

  it("send an author's error verbatim as UNKNOWN, and own errors with their code", async () => {
    const calls = await opened();
    const mine = (): never => {
      throw new Error("mine: ünïcode");
    };
    const ours = (): never => {
      throw invalidArgument("ours");
    };
    const unknown = [Code.Unknown, "mine: ünïcode"];
    expect(await codeAndText(new Calls(new Session<Value>(), "x").init(mine, () => ({})))).toEqual(unknown);
    expect(await codeAndText(calls.unary("Get", mine))).toEqual(unknown);
    expect(await codeAndText(calls.empty("Put", mine))).toEqual(unknown);
    expect(await codeAndText(collect(calls.serverStream("List", { signal }, mine)))).toEqual(unknown);
    expect(await codeAndText(collect(calls.content("Read", { signal }, mine)))).toEqual(unknown);
    expect(await codeAndText(calls.unary("Get", ours))).toEqual([Code.InvalidArgument, "ours"]);
  });

  it("answer an aborted stream as CANCELED", async () => {
    const calls = await opened();
    const stream = calls.serverStream("List", { signal: AbortSignal.abort() }, () => {
      throw new Error("gone");
    });
    expect(await codeAndText(collect(stream))).toEqual([Code.Canceled, "gone"]);
  });
});

describe("a call whose requests are a stream", () => {
  /** A host that sends three messages, and reports when it has sent them all. */
  function host() {
    const state = { sent: false };
    const requests = (async function* () {
      for (let i = 0; i < 3; i++) yield Promise.resolve(i);
      state.sent = true;
    })();
    return { state, requests };
  }

  it("reads them one at a time", async () => {
    const calls = await opened();
    const sum = await calls.clientStream("Sum", host().requests, { signal }, async (_, messages) => {
      let total = 0;
      for (let next = await takeNext(messages); next !== undefined; next = await takeNext(messages)) total += next;
      return total;
    });
    expect(sum).toBe(3);
  });

  it("fails only after the host has sent everything, even before Init", async () => {
    const fails = (): never => {
      throw new Error("mine");
    };
    for (const [calls, text] of [
      [await opened(), "mine"],
      [new Calls(new Session<Value>(), "test.Service"), "test.Service/Sum was called before Init"],
    ] as const) {
      const { state, requests } = host();
      const sentWhenTold: boolean[] = [];
      const failure = await codeAndText(
        calls.clientStream("Sum", requests, { signal }, fails).finally(() => sentWhenTold.push(state.sent)),
      );
      expect(failure?.[1]).toBe(text);
      expect(sentWhenTold).toEqual([true]);
    }
  });

  it("stops waiting for the host when it is cancelled", async () => {
    const calls = await opened();
    const controller = new AbortController();
    const requests = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<number>>(() => undefined) }),
    };
    const failure = codeAndText(
      calls.clientStream("Sum", requests, { signal: controller.signal }, (_, messages) => takeNext(messages)),
    );
    controller.abort(new Error("the host has gone"));
    expect((await failure)?.[1]).toBe("the host has gone");
  });
});

/** The context of an RPC that counts how often its signals are read. */
class Rpc {
  reads = 0;
  readonly controller = new AbortController();
  readonly failure = new AbortController();

  get signal(): AbortSignal {
    this.reads++;
    return this.controller.signal;
  }
}

/** The context of a server that has a signal for failures alone. */
class RpcWithCutOff extends Rpc {
  get cutOff(): AbortSignal {
    this.reads++;
    return this.failure.signal;
  }
}

const SERVERS = [
  ["a server with one signal", () => new Rpc()],
  ["a server with a signal for failures alone", () => new RpcWithCutOff()],
] as const;

describe("the context of an author's function", () => {
  const reason = new Error("the host has gone");

  it.each(SERVERS)("creates its signal when it is first read, on %s", async (_, newRpc) => {
    const rpc = newRpc();
    const calls = await opened();
    expect(await callInContext(new LazyContext(rpc), () => "done")).toBe("done");
    const sent: unknown[] = [];
    const chunk = Uint8Array.of(1);
    await calls
      .content("Read", rpc, () => ({ open: () => chunk, what: "x" }))
      .run((message) => {
        sent.push(message);
        return undefined;
      });
    expect(sent).toEqual([{ chunk }]);
    const inbox = {
      take: () => undefined,
      more: () => Promise.resolve(false),
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("unexpected read")) }),
    };
    expect(await calls.clientStream("Sum", inbox, rpc, () => "sum")).toBe("sum");
    expect(rpc.reads).toBe(0);
    const context = new LazyContext(rpc);
    const { signal: first } = context;
    expect(context.signal).toBe(first);
    expect(rpc.reads).toBe(1);
  });

  it("aborts the signal when the host gives the call up, even if it is first read afterwards", () => {
    const rpc = new Rpc();
    const [early, late] = [new LazyContext(rpc), new LazyContext(rpc)];
    const { signal: read } = early;
    expect(read.aborted).toBe(false);
    rpc.controller.abort(reason);
    for (const { aborted, reason: given } of [read, late.signal]) expect([aborted, given]).toEqual([true, reason]);
  });

  it.each(SERVERS)("throws the reason of an abort until its function has settled, on %s", (_, newRpc) => {
    const rpc = newRpc();
    const [unread, read, ended] = [new LazyContext(rpc), new LazyContext(rpc), new LazyContext(rpc)];
    expect(read.signal.aborted).toBe(false);
    for (const context of [unread, read, ended]) context.throwIfAborted();
    ended.release();
    rpc.controller.abort(reason);
    rpc.failure.abort(reason);
    for (const context of [unread, read]) {
      expect(() => {
        context.throwIfAborted();
      }).toThrow(reason);
    }
    ended.throwIfAborted();
    expect(unread.signal.reason).toBe(reason);
  });

  it.each(["succeeded", "failed"])("does not abort the signal after the function has %s", async (how) => {
    const rpc = new Rpc();
    const [early, late] = [new LazyContext(rpc), new LazyContext(rpc)];
    const call = ({ signal: read }: CallContext): string => {
      if (how === "failed") throw new Error(`failed, aborted: ${String(read.aborted)}`);
      return "done";
    };
    const outcomes = await Promise.allSettled([callInContext(early, call), callInContext(late, () => "done")]);
    expect(outcomes[0].status).toBe(how === "failed" ? "rejected" : "fulfilled");
    rpc.controller.abort(reason);
    expect([early.signal.aborted, late.signal.aborted]).toEqual([false, false]);
  });

  it.each(SERVERS)("aborts the signal of content that fails, and of no other, on %s", async (_, newRpc) => {
    const calls = await opened();
    const signals: Record<string, AbortSignal> = {};
    let kept: CallContext | undefined;
    const read = (name: string, failure?: Error) => {
      const rpc = newRpc();
      const content = calls.content("Read", rpc, () => ({
        what: name,
        open: (context) => {
          if (name === "late") kept = context;
          else signals[name] = context.signal;
          if (failure !== undefined) throw failure;
          return Uint8Array.of(1);
        },
      }));
      // Servers abort these when a call ends.
      return collect(content)
        .catch(() => {
          rpc.failure.abort(reason);
        })
        .finally(() => {
          rpc.controller.abort(reason);
        });
    };
    await read("whole");
    await read("failed", new Error("disk error"));
    await read("late");
    expect([signals["whole"]?.aborted, signals["failed"]?.aborted, kept?.signal.aborted]).toEqual([false, true, false]);
  });
});
