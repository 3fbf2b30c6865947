/** Invalid results of an exporter's and a storage's methods, and unusual reads of their input. */
import { describe, expect, it } from "@jest/globals";
import { StatusCode } from "@kloset/host";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import { macNamed, startMisbehavingExporter, startMisbehavingStorage } from "./testing/misbehaving.js";
import { storeOne } from "./testing/store-one.js";

endFixturesAfterEach();

const content = Buffer.alloc(3 * 1024 * 1024, "x");

describe.each(generations)("on %s", (generation) => {
  it.each([
    ["/reads twice", '"/reads twice" can be read only once'],
    ["/reads on", undefined],
    ["/returns garbage", undefined],
  ])("handles an exporter's storeFile() of %s", async (pathname, message) => {
    const { client, stop } = await startMisbehavingExporter(generation);
    const storing = storeOne(client, pathname, content, content.length);
    if (message === undefined) await storing;
    else await expect(storing).rejects.toThrow(message);
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it.each([
    ["returns a text", '"all of it"'],
    ["returns NaN", "NaN"],
  ])("fails a put that %s", async (name, written) => {
    const { client } = await startMisbehavingStorage(generation);
    const mac = macNamed(name);
    await expect(client.put("packfile", mac, content)).rejects.toMatchObject({
      code: StatusCode.UNKNOWN,
      message: expect.stringContaining(`wrote ${written} of the 3145728 bytes`) as unknown,
    });
  });

  it.each([
    ["no iterable", "returned 42"],
    ["short MACs", "Mac"],
    ["file infos", "Mac"],
    ["wrong steps", "next() returned 1"],
  ])("reports a listing with %s to the host", async (list, part) => {
    const { client } = await startMisbehavingStorage(generation, { config: { list } });
    const message: unknown = expect.stringContaining(part);
    await expect(client.list("state")).rejects.toMatchObject({ code: StatusCode.UNKNOWN, message });
  });

  it("lists a reused array as it was each time it was yielded", async () => {
    const { client } = await startMisbehavingStorage(generation, { config: { list: "the same bytes again" } });
    expect((await client.list("state")).map(({ hex }) => hex.slice(0, 2))).toEqual(["01", "02", "03"]);
  });

  it.each(["forever", "never"])(
    "serves other calls during a listing that yields %s, until the host cancels it",
    async (list) => {
      const { client, log, stop } = await startMisbehavingStorage(generation, { config: { list } });
      const controller = new AbortController();
      const listing = client.list("state", controller.signal);
      expect(await client.mode()).toBe(6);
      controller.abort(new Error("enough"));
      await expect(listing).rejects.toThrow("enough");
      if (list === "forever") await log.waitFor("list ended\n");
      // Does not wait for the listing.
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
  );

  it.each([
    ["mode", '"read"', 'mode() returned "read"'],
    ["mode", "-1", "mode() returned -1"],
    ["mode", "1.5", "mode() returned 1.5"],
    ["size", '"9"', 'size() returned "9"'],
    ["size", "-2", "size() returned -2"],
    ["size", "null", "size() returned null"],
  ] as const)("reports a storage whose %s() returns %s to the host", async (method, value, part) => {
    const { client } = await startMisbehavingStorage(generation, { config: { [method]: value } });
    const message: unknown = expect.stringContaining(part);
    await expect(client[method]()).rejects.toMatchObject({ code: StatusCode.UNKNOWN, message });
  });
});
