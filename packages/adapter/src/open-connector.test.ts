import { describe, expect, it } from "@jest/globals";
import { contextOf } from "./context.js";
import { openConnector } from "./open-connector.js";

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
  it("gives the factory the context, and leaves the connector open", async () => {
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
    ["throws", () => {
      throw new Error("not you");
    }],
    ["rejects", () => Promise.reject(new Error("not you"))],
  ])("closes the connector once when asking it fails, and tells that failure, if its close %s", async (_, close) => {
    const connector = connectorThat(close);
    const failure = new Error("who am I?");
    const ask = () => {
      throw failure;
    };
    await expect(openConnector(() => connector, context, "a connector", ask)).rejects.toBe(failure);
    expect(connector.closed).toBe(1);
  });

  it("tells why asking failed though the close that follows never ends", async () => {
    const connector = connectorThat(() => new Promise(() => undefined));
    const failure = new Error("who am I?");
    const ask = () => {
      throw failure;
    };
    await expect(openConnector(() => connector, context, "a connector", ask, 1)).rejects.toBe(failure);
    expect(connector.closed).toBe(1);
  });

  it("passes on what the factory throws", async () => {
    const failure = new Error("no such bucket");
    await expect(openConnector(() => Promise.reject(failure), context, "a connector", () => 1)).rejects.toBe(failure);
  });

  it.each([undefined, null, 5])("refuses a factory that returns %p", async (made) => {
    const factory = () => made as unknown as ReturnType<typeof connectorThat>;
    await expect(openConnector(factory, context, "a store", () => 1)).rejects.toEqual(
      new TypeError(`the factory returned ${String(made)}: a store is needed`),
    );
  });
});
