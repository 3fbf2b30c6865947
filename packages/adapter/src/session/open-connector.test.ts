import { describe, expect, it, jest } from "@jest/globals";
import { contextOf } from "./context.js";
import type { Methods } from "./methods.js";
import { openConnector } from "./open-connector.js";
import { deferred } from "@kloset/test-support";

const context = contextOf({ proto: "test", config: {} }, new AbortController().signal);

const methods: Methods = { kind: "a connector", methods: { close: "required" } };

function connectorThat(close: () => void | Promise<void> = () => undefined) {
  const connector = {
    closed: 0,
    close(): void | Promise<void> {
      connector.closed++;
      return close();
    },
  };
  return connector;
}

describe("openConnector", () => {
  it("passes the context to the factory, and leaves the connector open", async () => {
    const connector = connectorThat();
    const opened = await openConnector(
      (given) => {
        expect(given).toBe(context);
        return Promise.resolve(connector);
      },
      context,
      methods,
      (made) => ({ made }),
    );
    expect(opened.value.made).toBe(connector);
    expect(connector.closed).toBe(0);
    await opened.close();
    expect(connector.closed).toBe(1);
  });

  it.each<[string, () => void | Promise<void>]>([
    ["succeeds", () => undefined],
    [
      "throws",
      () => {
        throw new Error("not you");
      },
    ],
    ["rejects", () => Promise.reject(new Error("not you"))],
  ])("closes the connector once when asking fails, and reports that failure even if close %s", async (_, close) => {
    const connector = connectorThat(close);
    const failure = new Error("who am I?");
    const ask = () => {
      throw failure;
    };
    await expect(openConnector(() => connector, context, methods, ask)).rejects.toBe(failure);
    expect(connector.closed).toBe(1);
  });

  it("reports why asking failed even if the close that follows never ends", async () => {
    const connector = connectorThat(() => new Promise(() => undefined));
    const failure = new Error("who am I?");
    const ask = () => {
      throw failure;
    };
    await expect(openConnector(() => connector, context, methods, ask, 1)).rejects.toBe(failure);
    expect(connector.closed).toBe(1);
  });

  it("waits for that close without a limit if the deadline exceeds the range of a timer", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
    try {
      const closed = deferred();
      const failed = jest.fn();
      const ask = () => {
        throw new Error("who am I?");
      };
      const opening = openConnector(() => connectorThat(() => closed.promise), context, methods, ask, Infinity).catch(
        failed,
      );
      await jest.advanceTimersByTimeAsync(1_000_000);
      expect(failed).not.toHaveBeenCalled();
      closed.resolve(undefined);
      await opening;
      expect(failed).toHaveBeenCalledWith(new Error("who am I?"));
    } finally {
      jest.useRealTimers();
    }
  });

  it("rejects an invalid deadline by name, before it calls the factory", async () => {
    const factory = jest.fn(() => connectorThat());
    const opening = openConnector(factory, context, methods, () => 1, Number.NaN);
    await expect(opening).rejects.toThrow(new RangeError("failedOpenCloseMs must be milliseconds, at least 0: NaN"));
    expect(factory).not.toHaveBeenCalled();
  });

  it("throws what the factory throws", async () => {
    const failure = new Error("no such bucket");
    await expect(
      openConnector(
        () => Promise.reject(failure),
        context,
        methods,
        () => 1,
      ),
    ).rejects.toBe(failure);
  });

  it.each([undefined, null, 5])("rejects a factory that returns %p", async (made) => {
    const factory = () => made as unknown as ReturnType<typeof connectorThat>;
    await expect(openConnector(factory, context, { ...methods, kind: "a store" }, () => 1)).rejects.toEqual(
      new TypeError(`the factory returned ${String(made)}: a store is needed`),
    );
  });

  it("suggests a function for a class, which cannot be called", async () => {
    class Photos {
      close(): void {
        // Nothing is open.
      }
    }
    await expect(openConnector(Photos as never, context, methods, () => 1)).rejects.toThrow(
      "the factory is the class Photos, which cannot be called: did you mean (c) => new Photos(c)?",
    );
  });

  it("rejects a connector in place of its factory", async () => {
    await expect(openConnector(connectorThat() as never, context, methods, () => 1)).rejects.toThrow(
      /^the factory is \{.*\}: a function is needed, such as \(c\) => new MyConnector\(c\)$/,
    );
  });

  describe("checks the methods of a connector", () => {
    const nothing = (): void => undefined;
    const archive: Methods = {
      kind: "an archive",
      methods: { setPermissions: "required", acknowledge: "optional", ping: "optional", close: "required" },
    };
    const open = (connector: object): Promise<unknown> =>
      openConnector(
        () => connector as { close(): void },
        context,
        archive,
        () => 1,
      );

    it.each<[string, object, string]>([
      ["lists the methods in place of a missing one", { close: nothing, other: nothing }, "found close(), other()"],
      ["names the misspelt one", { close: nothing, setPermision: nothing }, "found setPermision()"],
      ["ignores case", { close: nothing, setpermissions: nothing }, "found setpermissions()"],
      ["shows a value that is not a method", { close: nothing, setPermissions: 5 }, "found 5"],
      ["says that there are none", {}, "found no methods at all"],
    ])("and %s", async (_, connector, found) => {
      await expect(open(connector)).rejects.toThrow(`the archive has no setPermissions(): ${found}`);
    });

    it("and closes one without a required method", async () => {
      const connector = connectorThat();
      await expect(open(connector)).rejects.toThrow("setPermissions()");
      expect(connector.closed).toBe(1);
    });

    it("and rejects an optional one that is not a method", async () => {
      const connector = { close: nothing, setPermissions: nothing, acknowledge: true };
      await expect(open(connector)).rejects.toThrow("acknowledge of the archive must be a method: found true");
    });

    it("and logs members that resemble an absent value, without reading them", async () => {
      const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
      try {
        const limited: Methods = { ...archive, methods: { ...archive.methods, concurrency: "value" } };
        const openLimited = (connector: object): Promise<unknown> =>
          openConnector(
            () => ({ close: nothing, setPermissions: nothing, ...connector }),
            context,
            limited,
            () => 1,
          );
        await openLimited({ concurency: 1 });
        await openLimited({ Concurrency: nothing });
        await openLimited({ currency: 1, _concurrency: 1 });
        await openLimited({ concurrency: 1, concurrencys: 1 });
        expect(written.mock.calls.map(([text]) => text)).toEqual([
          "the archive has concurency, which is never read: did you mean concurrency?\n",
          "the archive has Concurrency, which is never read: did you mean concurrency?\n",
        ]);
      } finally {
        written.mockRestore();
      }
    });

    it("and logs the inherited ones that resemble an absent optional one", async () => {
      const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
      try {
        class Base {
          acknowlege(): void {
            // Misspelt.
          }
        }
        class Archive extends Base {
          pings = nothing;
          readonly pong = nothing;
          readonly _ping = nothing;
          readonly pin = "not a method";
          get acknowledged(): never {
            throw new Error("not read");
          }
          setPermissions = nothing;
          close(): void {
            // Nothing is open.
          }
        }
        await open(new Archive());
        expect(written.mock.calls.map(([text]) => text)).toEqual([
          "the archive has pings(), which is never called: did you mean ping()?\n",
          "the archive has pong(), which is never called: did you mean ping()?\n",
          "the archive has acknowlege(), which is never called: did you mean acknowledge()?\n",
        ]);
        written.mockClear();
        await open({ close: nothing, setPermissions: nothing, acknowledge: nothing, acknowlege: nothing });
        expect(written).not.toHaveBeenCalled();
      } finally {
        written.mockRestore();
      }
    });
  });
});
