import { describe, expect, it } from "@jest/globals";
import { Code, ConnectError } from "@connectrpc/connect";
import { takeNext } from "./requests.js";
import { Calls } from "./calls.js";
import { invalidArgument } from "./errors.js";
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
