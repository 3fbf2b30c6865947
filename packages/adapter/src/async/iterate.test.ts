import { getEventListeners } from "node:events";
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import { eachUntilAbort, iterateUntilAbort, untilAborted, withOwnSignal } from "./iterate.js";
import { deferred, never } from "@kloset/test-support";

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

async function drain(iteration: AsyncGenerator): Promise<void> {
  while ((await iteration.next()).done !== true);
}

/** Takes only the first value, like a loop with a break. */
async function takeOne(iteration: AsyncGenerator): Promise<void> {
  await iteration.next();
  await iteration.return(undefined);
}

/** An iterator that counts the calls of its methods. */
function counting<T>(next: () => Promise<IteratorResult<T>>) {
  const calls = { next: 0, closed: 0 };
  const source: AsyncIterable<T> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        calls.next++;
        return next();
      },
      return: () => {
        calls.closed++;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  return { source, calls };
}

describe("iterateUntilAbort", () => {
  it("yields the values of the source with a single listener, and removes it at the end", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    for await (const value of iterateUntilAbort([1, 2, 3], controller.signal)) {
      seen.push(value);
      expect(listeners(controller.signal)).toBe(1);
    }
    expect(seen).toEqual([1, 2, 3]);
    expect(listeners(controller.signal)).toBe(0);
  });

  it("yields to the event loop even if the source never waits and its values are dropped", async () => {
    const controller = new AbortController();
    function* endless(): Generator<number> {
      for (;;) yield 1;
    }
    const draining = drain(iterateUntilAbort(endless(), controller.signal));
    setTimeout(() => {
      controller.abort(new Error("enough"));
    });
    await expect(draining).rejects.toThrow("enough");
  });

  it.each<[string, unknown, string]>([
    [
      "has no iterator",
      { [Symbol.asyncIterator]: () => undefined },
      "the iterable returned undefined: an iterator, which has next(), is needed",
    ],
    [
      "has no next",
      { [Symbol.iterator]: () => ({}) },
      "the iterable returned {}: an iterator, which has next(), is needed",
    ],
    [
      "returns undefined as a result",
      { [Symbol.iterator]: () => ({ next: () => undefined }) },
      "the iterator's next() returned undefined",
    ],
    [
      "returns a promise as done",
      { [Symbol.asyncIterator]: () => ({ next: () => ({ done: Promise.resolve(false) }) }) },
      "as done: true or false is needed",
    ],
  ])("rejects a source that %s", async (_, source, message) => {
    const iteration = iterateUntilAbort(source as Iterable<unknown>, new AbortController().signal);
    await expect(drain(iteration)).rejects.toThrow(message);
  });

  it("reports a rejected value rather than the failure to close its iterator", async () => {
    const source = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: Promise.reject(new Error("the value")) }),
        return: () => {
          throw new Error("the close");
        },
      }),
    };
    const iteration = iterateUntilAbort(source as unknown as Iterable<unknown>, new AbortController().signal);
    await expect(drain(iteration)).rejects.toThrow("the value");
  });

  it("does not close a source that has ended or thrown", async () => {
    const ended = counting(() => Promise.resolve<IteratorResult<number>>({ done: true, value: undefined }));
    await drain(iterateUntilAbort(ended.source, new AbortController().signal));
    expect(ended.calls).toEqual({ next: 1, closed: 0 });

    const failed = counting<number>(() => Promise.reject(new Error("mine")));
    await expect(iterateUntilAbort(failed.source, new AbortController().signal).next()).rejects.toThrow("mine");
    expect(failed.calls).toEqual({ next: 1, closed: 0 });
  });

  it("leaves no listener when the source throws or the consumer stops", async () => {
    const controller = new AbortController();
    const failing = iterateUntilAbort(
      counting<number>(() => Promise.reject(new Error("mine"))).source,
      controller.signal,
    );
    await expect(failing.next()).rejects.toThrow("mine");
    expect(listeners(controller.signal)).toBe(0);

    const stopped = counting(() => Promise.resolve({ done: false, value: 1 }));
    await takeOne(iterateUntilAbort(stopped.source, controller.signal));
    expect(stopped.calls).toEqual({ next: 1, closed: 1 });
    expect(listeners(controller.signal)).toBe(0);
  });

  it("ends a pending wait on abort, and closes the source once", async () => {
    const controller = new AbortController();
    const { source, calls } = counting<number>(never);
    const iteration = iterateUntilAbort(source, controller.signal);
    const first = iteration.next();
    controller.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    expect(calls).toEqual({ next: 1, closed: 1 });
    expect(await iteration.next()).toEqual({ done: true, value: undefined });
    expect(listeners(controller.signal)).toBe(0);
  });

  it("closes the source on abort even if the consumer asks for no more values", async () => {
    const controller = new AbortController();
    const { source, calls } = counting(() => Promise.resolve({ done: false, value: 1 }));
    const iteration = iterateUntilAbort(source, controller.signal);
    await iteration.next();
    controller.abort(new Error("gone"));
    expect(calls.closed).toBe(1);
    await iteration.return();
    expect(calls.closed).toBe(1);
  });

  it("does not start the source when the signal is already aborted", async () => {
    const { source, calls } = counting<number>(never);
    await expect(iterateUntilAbort(source, AbortSignal.abort(new Error("gone"))).next()).rejects.toThrow("gone");
    expect(calls).toEqual({ next: 0, closed: 1 });
  });

  it("ignores a rejection of the source after the abort", async () => {
    const controller = new AbortController();
    const late = deferred<IteratorResult<number>>();
    const first = iterateUntilAbort(counting(() => late.promise).source, controller.signal).next();
    controller.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    // An unhandled rejection would fail the test run.
    late.reject(new Error("too late"));
    await expect(late.promise).rejects.toThrow("too late");
  });

  it("ignores a source that throws when it is closed", async () => {
    const source: Iterable<number> = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: 1 }),
        return: () => {
          throw new Error("not you");
        },
      }),
    };
    for await (const value of iterateUntilAbort(source, new AbortController().signal)) {
      expect(value).toBe(1);
      break;
    }
  });

  it("closes a generator that aborts its own signal", async () => {
    const controller = new AbortController();
    const cleanedUp = jest.fn();
    const source = (function* () {
      try {
        controller.abort(new Error("myself"));
        yield 1;
      } finally {
        cleanedUp();
      }
    })();
    await expect(iterateUntilAbort(source, controller.signal).next()).rejects.toThrow("myself");
    expect(cleanedUp).toHaveBeenCalledTimes(1);
  });

  it("throws an error when the reason is not an error", async () => {
    const reason = iterateUntilAbort([1], AbortSignal.abort("because")).next();
    await expect(reason).rejects.toEqual(new Error("the host does not want the rest"));
  });
});

describe("untilAborted", () => {
  it("resolves or rejects with the value", async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(1, signal)).toBe(1);
    expect(await untilAborted(Promise.resolve(2), signal)).toBe(2);
    await expect(untilAborted(Promise.reject(new Error("mine")), signal)).rejects.toThrow("mine");
    expect(listeners(signal)).toBe(0);
  });

  it("stops waiting on abort, and passes on a late value", async () => {
    const controller = new AbortController();
    const slow = deferred<number>();
    const late = deferred<number>();
    const waiting = untilAborted(slow.promise, controller.signal, late.resolve);
    controller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    slow.resolve(3);
    expect(await late.promise).toBe(3);
    expect(listeners(controller.signal)).toBe(0);
  });

  it("passes on an available value when the signal is already aborted", async () => {
    const late = deferred<number>();
    await expect(untilAborted(4, AbortSignal.abort(new Error("gone")), late.resolve)).rejects.toThrow("gone");
    expect(await late.promise).toBe(4);
  });
});

describe("eachUntilAbort", () => {
  const free = new AbortController().signal;

  /** Collects values; if `waits` is true, each after a turn of the event loop. */
  async function collected(source: Iterable<unknown> | AsyncIterable<unknown>, waits: boolean): Promise<unknown[]> {
    const values: unknown[] = [];
    await eachUntilAbort(source, free, (value) => {
      values.push(value);
      return waits ? Promise.resolve() : undefined;
    });
    return values;
  }

  it.each([true, false])("passes on every value of any source in order (awaited: %s)", async (waits) => {
    const many = Array.from({ length: 1000 }, (_, index) => index);
    expect(await collected(many, waits)).toEqual(many);
    expect(await collected([Promise.resolve(1), 2], waits)).toEqual([1, 2]);
    expect(
      await collected(
        (async function* () {
          yield* many;
        })(),
        waits,
      ),
    ).toEqual(many);
    expect(await collected(Readable.from(["a", "b"]), waits)).toEqual(["a", "b"]);
  });

  it("does not ask for the next value while one is awaited", async () => {
    let asked = 0;
    function* source(): Generator<number> {
      for (;;) yield ++asked;
    }
    const gate = deferred();
    const controller = new AbortController();
    const running = eachUntilAbort(source(), controller.signal, (value) => (value === 3 ? gate.promise : undefined));
    await nextTurn();
    expect(asked).toBe(3);
    controller.abort(new Error("gone"));
    gate.resolve(undefined);
    await expect(running).rejects.toThrow("gone");
  });

  it("yields to the event loop, and stops a source that never waits on abort", async () => {
    let closed = false;
    function* endless(): Generator<number> {
      try {
        for (;;) yield 1;
      } finally {
        closed = true;
      }
    }
    const controller = new AbortController();
    setImmediate(() => {
      controller.abort(new Error("gone"));
    });
    await expect(eachUntilAbort(endless(), controller.signal, () => undefined)).rejects.toThrow("gone");
    expect(closed).toBe(true);
  });

  it("closes the source when a value or a yielded promise is rejected, but not when the source itself throws", async () => {
    const log: string[] = [];
    const failing = (values: readonly unknown[]): Iterable<unknown> => ({
      [Symbol.iterator]: () => {
        const left = [...values];
        return {
          next: () => {
            if (left.length === 0) throw new Error("by itself");
            return { done: false, value: left.shift() };
          },
          return: () => {
            log.push("closed");
            return { done: true, value: undefined };
          },
        };
      },
    });
    const refuse = (): undefined => {
      throw new Error("refused");
    };
    await expect(eachUntilAbort(failing([1]), free, refuse)).rejects.toThrow("refused");
    await expect(
      eachUntilAbort(failing([Promise.reject(new Error("rejected"))]), free, () => undefined),
    ).rejects.toThrow("rejected");
    expect(log).toEqual(["closed", "closed"]);
    await expect(eachUntilAbort(failing([1]), free, () => undefined)).rejects.toThrow("by itself");
    expect(log).toEqual(["closed", "closed"]);
  });

  it.each<[unknown, string]>([
    [{ done: Promise.resolve(false), value: 1 }, "as done: true or false is needed"],
    [1, "an object with done and value is needed"],
  ])("rejects the result %j", async (result, text) => {
    const source = { [Symbol.iterator]: () => ({ next: () => result }) } as Iterable<unknown>;
    await expect(eachUntilAbort(source, free, () => undefined)).rejects.toThrow(text);
  });
});

describe("withOwnSignal", () => {
  it("is not aborted with the host's after success", async () => {
    const controller = new AbortController();
    const own = await withOwnSignal(controller.signal, (given) => Promise.resolve(given));
    controller.abort();
    expect(own.aborted).toBe(false);
    expect(listeners(controller.signal)).toBe(0);
  });

  it("is aborted with the host's during the run, with the same reason", async () => {
    const controller = new AbortController();
    const gate = deferred();
    let own: AbortSignal | undefined;
    const running = withOwnSignal(controller.signal, (given) => {
      own = given;
      return gate.promise;
    });
    const reason = new Error("gone");
    controller.abort(reason);
    expect(own?.reason).toBe(reason);
    gate.resolve(undefined);
    await running;
  });

  it("is aborted when the function fails", async () => {
    let own: AbortSignal | undefined;
    const running = withOwnSignal(new AbortController().signal, (given) => {
      own = given;
      return Promise.reject(new Error("mine"));
    });
    await expect(running).rejects.toThrow("mine");
    expect(own?.aborted).toBe(true);
  });

  it("is aborted from the start if the host's is", async () => {
    expect(await withOwnSignal(AbortSignal.abort(new Error("gone")), (own) => Promise.resolve(own.aborted))).toBe(true);
  });
});
