import { describe, expect, it, jest } from "@jest/globals";
import { contextOf } from "./context.js";
import { openConnector } from "./open-connector.js";
import { deferred } from "@kloset/testing";

const context = contextOf({ proto: "test", config: {} }, new AbortController().signal);

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
      "a connector",
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
    await expect(openConnector(() => connector, context, "a connector", ask)).rejects.toBe(failure);
    expect(connector.closed).toBe(1);
  });

  it("reports why asking failed even if the close that follows never ends", async () => {
    const connector = connectorThat(() => new Promise(() => undefined));
    const failure = new Error("who am I?");
    const ask = () => {
      throw failure;
    };
    await expect(openConnector(() => connector, context, "a connector", ask, 1)).rejects.toBe(failure);
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
      const opening = openConnector(
        () => connectorThat(() => closed.promise),
        context,
        "a connector",
        ask,
        Infinity,
      ).catch(failed);
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
    const opening = openConnector(factory, context, "a connector", () => 1, Number.NaN);
    await expect(opening).rejects.toThrow(new RangeError("failedOpenCloseMs must be milliseconds, at least 0: NaN"));
    expect(factory).not.toHaveBeenCalled();
  });

  it("throws what the factory throws", async () => {
    const failure = new Error("no such bucket");
    await expect(
      openConnector(
        () => Promise.reject(failure),
        context,
        "a connector",
        () => 1,
      ),
    ).rejects.toBe(failure);
  });

  it.each([undefined, null, 5])("rejects a factory that returns %p", async (made) => {
    const factory = () => made as unknown as ReturnType<typeof connectorThat>;
    await expect(openConnector(factory, context, "a store", () => 1)).rejects.toEqual(
      new TypeError(`the factory returned ${String(made)}: a store is needed`),
    );
  });
});
