/** What an exporter's and a storage's methods may answer, or do with what they are given. */
import { describe, expect, it } from "@jest/globals";
import { StatusCode } from "@kloset/host";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import { macNamed, startOddExporter, startOddStorage } from "./testing/odd.js";
import { storeOne } from "./testing/store-one.js";

endFixturesAfterEach();

const content = Buffer.alloc(3 * 1024 * 1024, "x");

describe.each(generations)("on %s", (generation) => {
  it.each([
    ["/reads twice", 'the content of "/reads twice" can be read only once'],
    ["/reads on", undefined],
    ["/returns garbage", undefined],
  ])("an exporter that %s", async (pathname, message) => {
    const { client, stop } = await startOddExporter(generation);
    const storing = storeOne(client, pathname, content, content.length);
    if (message === undefined) await storing;
    else await expect(storing).rejects.toThrow(message);
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it.each([
    ["returns a text", '"all of it"'],
    ["returns NaN", "NaN"],
  ])("a storage whose put %s fails it", async (name, written) => {
    const { client } = await startOddStorage(generation);
    const mac = macNamed(name);
    await expect(client.put("packfile", mac, content)).rejects.toMatchObject({
      code: StatusCode.UNKNOWN,
      message: `the plugin wrote ${written} of the 3145728 bytes of packfile ${mac.hex}`,
    });
  });

  it.each([
    ["no iterable", "listing states returned 42: an iterable of MACs is needed"],
    ["short MACs", expect.stringContaining("a Mac is needed")],
    ["file infos", expect.stringContaining("a Mac is needed")],
    ["wrong steps", "the iterator's next() returned 1: an object with done and value is needed"],
  ])("a storage that lists %s is told to the host", async (list, message) => {
    const { client } = await startOddStorage(generation, { config: { list } });
    await expect(client.list("state")).rejects.toMatchObject({ code: StatusCode.UNKNOWN, message });
  });

  it("a storage that lists one array again and again lists what it was each time", async () => {
    const { client } = await startOddStorage(generation, { config: { list: "the same bytes again" } });
    expect((await client.list("state")).map(({ hex }) => hex.slice(0, 2))).toEqual(["01", "02", "03"]);
  });

  it.each(["for ever", "never"])(
    "a storage whose listing ends %s leaves room for others, until the host gives up",
    async (list) => {
      const { client, log, stop } = await startOddStorage(generation, { config: { list } });
      const controller = new AbortController();
      const listing = client.list("state", controller.signal);
      expect(await client.mode()).toBe(6);
      controller.abort(new Error("enough"));
      await expect(listing).rejects.toThrow("enough");
      if (list === "for ever") await log.says("list ended\n");
      // Not held up by the listing.
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
  );

  it.each([
    ["mode", '"read"', 'mode() returned "read": bits of StoreMode are needed'],
    ["mode", "-1", "mode() returned -1: bits of StoreMode are needed"],
    ["mode", "1.5", "mode() returned 1.5: bits of StoreMode are needed"],
    ["size", '"9"', 'size() returned "9": bytes, or -1 for unknown, are needed'],
    ["size", "-2", "size() returned -2: bytes, or -1 for unknown, are needed"],
    ["size", "null", "size() returned null: bytes, or -1 for unknown, are needed"],
  ] as const)("a storage whose %s() answers %s is told to the host", async (method, value, message) => {
    const { client } = await startOddStorage(generation, { config: { [method]: value } });
    await expect(client[method]()).rejects.toMatchObject({ code: StatusCode.UNKNOWN, message });
  });
});
