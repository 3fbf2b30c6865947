import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { Session, type Opened, type SessionOptions } from "./session.js";
import { deferred, never } from "@kloset/test-support";

afterEach(() => {
  jest.useRealTimers();
});

/** A connector that records its opening and closing. */
function connector(close: () => unknown = () => undefined) {
  const log: string[] = [];
  const open = (): Opened<{ name: string }> => {
    const name = `connector ${log.filter((line) => line.startsWith("open")).length + 1}`;
    log.push(`open ${name}`);
    return {
      value: { name },
      close: async () => {
        log.push(`close ${name}`);
        await close();
      },
    };
  };
  return { log, open };
}

function newSession(options: SessionOptions = {}): Session<{ name: string }> {
  return new Session(options);
}

async function codeAndText(promise: Promise<unknown>): Promise<[Code, string] | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof ConnectError ? [error.code, error.rawMessage] : undefined;
  }
}

describe("Init", () => {
  it("is rejected a second time, by name, even while the first is running", async () => {
    const session = newSession();
    const opening = deferred<Opened<{ name: string }>>();
    const first = session.init("store.Store/Init", () => opening.promise);
    const twice = [Code.FailedPrecondition, "store.Store/Init was called twice"];
    expect(await codeAndText(session.init("store.Store/Init", connector().open))).toEqual(twice);
    opening.resolve(connector().open());
    expect(await first).toEqual({ name: "connector 1" });
    expect(await codeAndText(session.init("store.Store/Init", connector().open))).toEqual(twice);
    await session.close("store.Store/Close");
    expect(await codeAndText(session.init("store.Store/Init", connector().open))).toEqual(twice);
  });

  it("can be retried after a failure", async () => {
    const session = newSession();
    await expect(session.init("store.Store/Init", () => Promise.reject(new Error("no such bucket")))).rejects.toThrow(
      "no such bucket",
    );
    await expect(
      session.init("store.Store/Init", () => {
        throw new Error("thrown at once");
      }),
    ).rejects.toThrow("thrown at once");
    expect(await codeAndText(session.run("store.Store/List", () => 1))).toEqual([
      Code.FailedPrecondition,
      "store.Store/List was called before Init",
    ]);
    expect(await session.init("store.Store/Init", connector().open)).toEqual({ name: "connector 1" });
    expect(await session.run("store.Store/List", ({ name }) => name)).toBe("connector 1");
  });

  it("is rejected when the host has gone", async () => {
    const session = newSession();
    await session.end();
    const { open, log } = connector();
    expect(await codeAndText(session.init("store.Store/Init", open))).toEqual([
      Code.FailedPrecondition,
      "store.Store/Init: the host has gone",
    ]);
    expect(log).toEqual([]);
  });
});

describe("a call", () => {
  it.each(["before", "during"])("%s Init is rejected by name", async (when) => {
    const session = newSession();
    if (when === "during") void session.init("store.Store/Init", never);
    const expected = [Code.FailedPrecondition, "store.Store/List was called before Init"];
    expect(await codeAndText(session.run("store.Store/List", () => 1))).toEqual(expected);
    expect(await codeAndText(session.run("store.Store/Get", mustNotRun))).toEqual([
      Code.FailedPrecondition,
      "store.Store/Get was called before Init",
    ]);
    expect(await codeAndText(session.close("store.Store/Close"))).toEqual([
      Code.FailedPrecondition,
      "store.Store/Close was called before Init",
    ]);
  });

  it("throws what the author throws", async () => {
    const session = newSession();
    await session.init("store.Store/Init", connector().open);
    const failure = new Error("mine");
    await expect(session.run("store.Store/List", () => Promise.reject(failure))).rejects.toBe(failure);
    await expect(
      session.run("store.Store/List", () => {
        throw failure;
      }),
    ).rejects.toBe(failure);
    await session.close("store.Store/Close");
  });

  it("after Close is rejected by name unless the session reopens", async () => {
    const session = newSession();
    await session.init("store.Store/Init", connector().open);
    await session.close("store.Store/Close");
    expect(await codeAndText(session.run("store.Store/List", () => 1))).toEqual([
      Code.FailedPrecondition,
      "store.Store/List was called after Close",
    ]);
  });
});

function mustNotRun(): never {
  throw new Error("must not run");
}

describe("Close", () => {
  it("logs a notice when the connector's close does not finish in time", async () => {
    const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const session = new Session<number>({ closeNoticeMs: 1 });
      const closed = deferred();
      await session.init("store.Store/Init", () => ({ value: 1, close: () => closed.promise }));
      const closing = session.close("store.Store/Close");
      while (written.mock.calls.length === 0) await nextTurn();
      closed.resolve(undefined);
      await closing;
      expect(written.mock.calls).toEqual([
        ["close() has not finished after 0.001 s; the plugin is still waiting for it\n"],
      ]);
    } finally {
      written.mockRestore();
    }
  });

  it("waits for calls in flight", async () => {
    const session = newSession();
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    const running = deferred<number>();
    const call = session.run("store.Store/List", () => running.promise);
    const streaming = deferred();
    const stream = session.run("store.Store/Get", () => streaming.promise);
    const closing = session.close("store.Store/Close").then(() => log.push("answered"));
    // Calls that arrive while Close waits are served by the current connector.
    expect(await session.run("store.Store/Delete", ({ name }) => name)).toBe("connector 1");
    running.resolve(5);
    expect(await call).toBe(5);
    expect(await session.run("store.Store/Delete", ({ name }) => name)).toBe("connector 1");
    expect(log).toEqual(["open connector 1"]);
    streaming.resolve(undefined);
    await stream;
    await closing;
    expect(log).toEqual(["open connector 1", "close connector 1", "answered"]);
  });

  it("does not close during a call that starts when the last one ends", async () => {
    const session = newSession();
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    const first = deferred();
    const second = deferred();
    const logged = (name: string, until: Promise<unknown>) =>
      session.run(`store.Store/${name}`, async () => {
        await until;
        log.push(`${name} ends`);
      });
    const call = logged("first", first.promise);
    // Starts as soon as the first has ended, while Close wakes up.
    const outcome = call
      .then(() => logged("second", second.promise))
      .then(
        () => "served",
        (error: unknown) => (error instanceof ConnectError ? error.rawMessage : "failed"),
      );
    const closing = session.close("store.Store/Close");
    await new Promise(setImmediate);
    first.resolve(undefined);
    await call;
    await new Promise(setImmediate);
    second.resolve(undefined);
    await closing;
    // Served before the close or rejected; never served by a closed connector.
    expect([
      ["open connector 1", "first ends", "second ends", "close connector 1", "served"],
      ["open connector 1", "first ends", "close connector 1", "store.Store/second was called after Close"],
    ]).toContainEqual([...log, await outcome]);
  });

  it("answers a second Close like the first, and closes once", async () => {
    const session = newSession();
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    await Promise.all([session.close("store.Store/Close"), session.close("store.Store/Close")]);
    await session.close("store.Store/Close");
    await session.end();
    expect(log).toEqual(["open connector 1", "close connector 1"]);
  });

  it("does not wait for a hung call longer than its deadline", async () => {
    const session = newSession({ drainDeadlineMs: 1 });
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    void session.run("store.Store/List", () => never());
    await session.close("store.Store/Close");
    expect(log).toEqual(["open connector 1", "close connector 1"]);
  });

  it("waits for ten seconds by default", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
    const session = newSession();
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    void session.run("store.Store/List", () => never());
    const closing = session.close("store.Store/Close");
    await new Promise(setImmediate);
    await jest.advanceTimersByTimeAsync(9_999);
    expect(log).toEqual(["open connector 1"]);
    await jest.advanceTimersByTimeAsync(1);
    await closing;
    expect(log).toEqual(["open connector 1", "close connector 1"]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([Infinity, 2 ** 31])(
    "waits without a limit when its deadline is %d, which exceeds the range of a timer",
    async (drainDeadlineMs) => {
      jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
      const session = newSession({ drainDeadlineMs });
      const { open, log } = connector();
      await session.init("store.Store/Init", open);
      const call = deferred();
      const running = session.run("store.Store/List", () => call.promise);
      const closing = session.close("store.Store/Close");
      await new Promise(setImmediate);
      await jest.advanceTimersByTimeAsync(1_000_000);
      expect(log).toEqual(["open connector 1"]);
      call.resolve(undefined);
      await Promise.all([running, closing]);
      expect(log).toEqual(["open connector 1", "close connector 1"]);
    },
  );

  it.each([
    [{ drainDeadlineMs: Number.NaN }, "drainDeadlineMs must be milliseconds, at least 0: NaN"],
    [{ drainDeadlineMs: -1 }, "drainDeadlineMs must be milliseconds, at least 0: -1"],
    [{ abortDeadlineMs: -0.5 }, "abortDeadlineMs must be milliseconds, at least 0: -0.5"],
  ])("rejects the deadline of %o by name", (options, message) => {
    expect(() => newSession(options)).toThrow(new RangeError(message));
  });

  it("leaves no timer behind", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
    const session = newSession();
    await session.init("store.Store/Init", connector().open);
    await session.close("store.Store/Close");
    await session.end();
    expect(jest.getTimerCount()).toBe(0);
  });

  it("reports what close() throws to the host for every Close", async () => {
    const failure = new Error("could not flush");
    const session = newSession();
    await session.init(
      "store.Store/Init",
      connector(() => {
        throw failure;
      }).open,
    );
    await expect(session.close("store.Store/Close")).rejects.toBe(failure);
    await expect(session.close("store.Store/Close")).rejects.toBe(failure);
  });
});

describe("a connector that finishes", () => {
  /** Opens a connector in a session, and records the calls of it. */
  async function finishing(options: SessionOptions = {}, { finish = nothing, close = nothing } = {}) {
    const session = new Session<number>(options);
    const log: string[] = [];
    await session.init("store.Store/Init", () => ({
      value: 1,
      finish: () => {
        log.push("finish");
        return finish();
      },
      close: () => {
        log.push("close");
        return close();
      },
    }));
    return { session, log };
  }
  const nothing = (): Promise<void> | void => undefined;
  const failing = (text: string) => (): Promise<void> => Promise.reject(new Error(text));

  it("is finished once by Close, when no call is running, and then closed", async () => {
    const { session, log } = await finishing();
    const call = deferred();
    const running = session.run("store.Store/List", () => call.promise);
    const closing = [session.close("store.Store/Close"), session.close("store.Store/Close")];
    await nextTurn();
    await nextTurn();
    expect(log).toEqual([]);
    call.resolve();
    await Promise.all([running, ...closing]);
    await session.end();
    expect(log).toEqual(["finish", "close"]);
  });

  it("is only closed when the host has gone, even if a Close waits for a call", async () => {
    const gone = await finishing();
    await gone.session.end();
    expect(gone.log).toEqual(["close"]);

    const { session, log } = await finishing();
    const call = deferred();
    session.signal.addEventListener("abort", () => {
      call.resolve();
    });
    const running = session.run("store.Store/List", () => call.promise);
    const closing = session.close("store.Store/Close");
    await nextTurn();
    await Promise.all([session.end(), running, closing]);
    expect(log).toEqual(["close"]);
  });

  it("is only closed, and Close fails, while a call hangs", async () => {
    const { session, log } = await finishing({ drainDeadlineMs: 1 });
    void session.run("store.Store/List", () => never());
    await expect(session.close("store.Store/Close")).rejects.toThrow(
      "finish() was not called: a call was still running 0.001 s after Close",
    );
    expect(log).toEqual(["close"]);
  });

  it.each([
    ["rejects", failing("no index")],
    [
      "throws",
      (): never => {
        throw new Error("no index");
      },
    ],
  ])("is closed and fails Close with the error if its finish() %s", async (_, finish) => {
    const { session, log } = await finishing({}, { finish, close: failing("not open") });
    await expect(session.close("store.Store/Close")).rejects.toThrow("no index");
    expect(log).toEqual(["finish", "close"]);
  });

  it("logs a notice when finish() does not settle", async () => {
    const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const finished = deferred();
      const { session, log } = await finishing({ closeNoticeMs: 2 }, { finish: () => finished.promise });
      const closing = session.close("store.Store/Close");
      while (written.mock.calls.length === 0) await nextTurn();
      expect(log).toEqual(["finish"]);
      finished.resolve();
      await closing;
      expect(written.mock.calls).toEqual([[expect.stringMatching(/^finish\(\) has not finished after 0\.002 s;/)]]);
    } finally {
      written.mockRestore();
    }
  });
});

describe("calls while Close is being answered", () => {
  it("are served by the open connector in the same turn, as both maintenance transcripts require", async () => {
    const session = newSession({ reopens: true });
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    const closing = session.close("store.Store/Close");
    const deleting = session.run("store.Store/DeleteLock", ({ name }) => log.push(`delete by ${name}`));
    await Promise.all([closing, deleting]);
    expect(log).toEqual(["open connector 1", "delete by connector 1", "close connector 1"]);
  });

  it("are served by one reopened connector a turn later", async () => {
    const closes = [deferred(), deferred()];
    let closed = 0;
    const session = newSession({ reopens: true });
    const { open, log } = connector(() => closes[closed++]?.promise);
    await session.init("store.Store/Init", open);
    const closing = session.close("store.Store/Close");
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(log).toEqual(["open connector 1", "close connector 1"]);
    const calls = [1, 2, 3].map((call) =>
      session.run("store.Store/DeleteLock", ({ name }) => log.push(`${call} by ${name}`)),
    );
    await new Promise(setImmediate);
    // Never two open connectors: the first is still closing.
    expect(log).toEqual(["open connector 1", "close connector 1"]);
    closes[0]?.resolve(undefined);
    await closing;
    await Promise.all(calls);
    expect(log.slice(2)).toEqual(["open connector 2", "1 by connector 2", "2 by connector 2", "3 by connector 2"]);
    closes[1]?.resolve(undefined);
    await session.end();
    expect(log.slice(6)).toEqual(["close connector 2"]);
  });

  it("reopen after Close has been answered, and a later Close closes again", async () => {
    const session = newSession({ reopens: true });
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    await session.close("store.Store/Close");
    const deleting = session.run("store.Store/DeleteLock", ({ name }) => name);
    const closing = session.close("store.Store/Close");
    expect(await deleting).toBe("connector 2");
    await closing;
    await session.end();
    expect(log).toEqual(["open connector 1", "close connector 1", "open connector 2", "close connector 2"]);
  });

  it("do not keep Close waiting longer than its deadline if reopening hangs", async () => {
    const { open, log } = connector();
    let opens = 0;
    const session = newSession({ reopens: true, drainDeadlineMs: 1, abortDeadlineMs: 1 });
    await session.init("store.Store/Init", () => (++opens === 2 ? never<Opened<{ name: string }>>() : open()));
    await session.close("store.Store/Close");
    void session.run("store.Store/DeleteLock", () => 1);
    await session.close("store.Store/Close");
    await session.end();
    expect(log).toEqual(["open connector 1", "close connector 1"]);
  });

  it("reopen even if the first close failed", async () => {
    let closed = 0;
    const session = newSession({ reopens: true });
    const { open } = connector(() => {
      if (closed++ === 0) throw new Error("could not flush");
    });
    await session.init("store.Store/Init", open);
    await expect(session.close("store.Store/Close")).rejects.toThrow("could not flush");
    expect(await session.run("store.Store/DeleteLock", ({ name }) => name)).toBe("connector 2");
    await session.end();
  });

  it("fail if the connector cannot be reopened, and may be retried", async () => {
    const { open } = connector();
    let opens = 0;
    const session = newSession({ reopens: true });
    await session.init("store.Store/Init", () => {
      if (++opens === 2) throw new Error("no such bucket");
      return open();
    });
    await session.close("store.Store/Close");
    await expect(session.run("store.Store/DeleteLock", ({ name }) => name)).rejects.toThrow("no such bucket");
    expect(await session.run("store.Store/DeleteLock", ({ name }) => name)).toBe("connector 2");
    await session.end();
  });
});

describe("end", () => {
  it("does nothing before Init", async () => {
    const session = newSession();
    await session.end();
    expect(session.signal.aborted).toBe(true);
  });

  it("aborts, waits for calls to clean up, and closes", async () => {
    const session = newSession();
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    const begun = deferred();
    const call = session.run("store.Store/Get", async () => {
      const aborted = new Promise((resolve) => {
        session.signal.addEventListener("abort", resolve);
      });
      begun.resolve(undefined);
      await aborted;
      log.push("cleaned up");
    });
    await begun.promise;
    await session.end();
    await call;
    expect(log).toEqual(["open connector 1", "cleaned up", "close connector 1"]);
    expect(session.signal.reason).toEqual(new Error("the host has gone"));
  });

  it("does not wait for a hung call longer than its deadline", async () => {
    const session = newSession({ abortDeadlineMs: 1 });
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    void session.run("store.Store/Get", () => never());
    await session.end();
    expect(log).toEqual(["open connector 1", "close connector 1"]);
  });

  it("cuts short a Close that waits for a hung call", async () => {
    const session = newSession({ abortDeadlineMs: 1, drainDeadlineMs: 1_000_000 });
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    void session.run("store.Store/Get", () => never());
    const closing = session.close("store.Store/Close");
    await new Promise(setImmediate);
    await session.end();
    await closing;
    expect(log).toEqual(["open connector 1", "close connector 1"]);
  });

  it("waits for a pending Init, and closes the connector that it opens", async () => {
    const session = newSession({ abortDeadlineMs: 1_000_000 });
    const { open, log } = connector();
    const opening = deferred<Opened<{ name: string }>>();
    const starting = session.init("store.Store/Init", () => opening.promise);
    const ending = session.end();
    opening.resolve(open());
    await starting;
    await ending;
    expect(log).toEqual(["open connector 1", "close connector 1"]);
  });

  it("does not wait for a hung Init, and closes a connector that it opens later", async () => {
    const session = newSession({ abortDeadlineMs: 1 });
    const { open, log } = connector();
    const opening = deferred<Opened<{ name: string }>>();
    const starting = session.init("store.Store/Init", (signal) => {
      expect(signal).toBe(session.signal);
      return opening.promise;
    });
    await session.end();
    expect(log).toEqual([]);
    opening.resolve(open());
    await expect(starting).rejects.toThrow("the host has gone");
    expect(log).toEqual(["open connector 1", "close connector 1"]);
  });

  it("accepts an Init that fails", async () => {
    const session = newSession();
    const opening = deferred<Opened<{ name: string }>>();
    const starting = session.init("store.Store/Init", () => opening.promise);
    const ending = session.end();
    opening.reject(new Error("no such bucket"));
    await expect(starting).rejects.toThrow("no such bucket");
    await ending;
  });

  it("closes once, even if called repeatedly", async () => {
    const session = newSession();
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    await Promise.all([session.end(), session.end(), session.close("store.Store/Close")]);
    expect(log).toEqual(["open connector 1", "close connector 1"]);
  });

  it("throws what close() throws", async () => {
    const session = newSession();
    await session.init("store.Store/Init", connector(() => Promise.reject(new Error("could not flush"))).open);
    await expect(session.end()).rejects.toThrow("could not flush");
  });

  it("does not reopen afterwards", async () => {
    const session = newSession({ reopens: true });
    const { open, log } = connector();
    await session.init("store.Store/Init", open);
    await session.end();
    expect(await codeAndText(session.run("store.Store/DeleteLock", () => 1))).toEqual([
      Code.FailedPrecondition,
      "store.Store/DeleteLock: the host has gone",
    ]);
    expect(log).toEqual(["open connector 1", "close connector 1"]);
  });
});
