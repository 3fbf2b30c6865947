import { describe, expect, it } from "@jest/globals";
import { PluginError, StatusCode } from "@kloset/host";
import { Mac } from "@kloset/model";
import { authorText, endFixturesAfterEach, generations, startStorage } from "./testing/fixture.js";
import { contentOfLength, digestOf, piecesOf } from "./testing/content.js";
import { bytesOf } from "./testing/read.js";

endFixturesAfterEach();

const unknown = { name: "PluginError", code: StatusCode.UNKNOWN, message: authorText };

/** First bytes of MACs that make the fixture fail. */
const Fault = {
  none: 0x01,
  throws: 0xe1,
  breaks: 0xe2,
  rejectsLater: 0xe3,
  throwsInTimer: 0xe4,
  readsNothing: 0xe5,
  countsWrong: 0xe6,
  endless: 0xe7,
  breaksReading: 0xe8,
  keepsChunks: 0xea,
} as const;

function macOf(fault: number): Mac {
  return Mac.fromBytes(new Uint8Array(32).fill(fault));
}

/** Larger than all buffers together, so that the host is still sending when the author's code fails. */
const content = Buffer.alloc(8 * 1024 * 1024, "x");

describe.each(generations)("a storage with faults, on %s", (generation) => {
  it("fails Init with the author's message when its constructor throws", async () => {
    await expect(startStorage(generation, { config: { constructs: "throws" } })).rejects.toMatchObject(unknown);
  });

  it("fails Init when its location is empty, because hosts would silently back up nothing", async () => {
    const starting = startStorage(generation, { config: { place: "none" } });
    await expect(starting).rejects.toThrow("location() returned an empty string");
    await expect(starting).rejects.toThrow(PluginError);
  });

  it("fails every method that throws with the author's message", async () => {
    const config = {
      create: "throws",
      open: "throws",
      mode: "throws",
      size: "throws",
      list: "throws",
      close: "throws",
    };
    const { client } = await startStorage(generation, { config });
    await expect(client.create(new Uint8Array(1))).rejects.toMatchObject(unknown);
    await expect(client.open()).rejects.toMatchObject(unknown);
    await expect(client.mode()).rejects.toMatchObject(unknown);
    await expect(client.size()).rejects.toMatchObject(unknown);
    for (const kind of ["state", "packfile", "lock"] as const) {
      await expect(client.list(kind)).rejects.toMatchObject(unknown);
      await expect(client.put(kind, macOf(Fault.throws), content)).rejects.toMatchObject(unknown);
      await expect(client.put(kind, macOf(Fault.breaks), content)).rejects.toMatchObject(unknown);
      const missing = `no such ${kind}: ${macOf(Fault.none).hex}`;
      await expect(bytesOf(client.get(kind, macOf(Fault.none)))).rejects.toMatchObject({
        ...unknown,
        message: missing,
      });
      await expect(client.delete(kind, macOf(Fault.none))).rejects.toMatchObject({ ...unknown, message: missing });
    }
    await expect(client.close()).rejects.toMatchObject(unknown);
  });

  it("keeps serving after uncaught errors", async () => {
    const { client, log, stop } = await startStorage(generation);
    await client.put("state", macOf(Fault.rejectsLater), content);
    await client.put("state", macOf(Fault.throwsInTimer), content);
    await log.waitFor("unhandled rejection: Error: rejected too late\n    at ");
    await log.waitFor("uncaught exception: Error: thrown in a timer\n    at ");
    expect((await client.list("state")).map((mac) => mac.hex).sort()).toEqual([
      macOf(Fault.rejectsLater).hex,
      macOf(Fault.throwsInTimer).hex,
    ]);
    await client.close();
    expect(await stop()).toEqual({ code: 1, signal: null });
  });

  it("fails a put that was not read to its end, or that reports another number of bytes", async () => {
    const { client } = await startStorage(generation);
    const nothing = macOf(Fault.readsNothing);
    await expect(client.put("packfile", nothing, content)).rejects.toMatchObject({
      ...unknown,
      message: expect.stringMatching(new RegExp(` read 0 of the ${content.length} bytes .*${nothing.hex}`)) as unknown,
    });
    const wrong = macOf(Fault.countsWrong);
    await expect(client.put("packfile", wrong, content)).rejects.toMatchObject({
      ...unknown,
      message: expect.stringMatching(
        new RegExp(` wrote ${content.length - 1} of the ${content.length} bytes .*${wrong.hex}`),
      ) as unknown,
    });
  });

  it("sends the chunks that were read before a get fails", async () => {
    const { client } = await startStorage(generation);
    const mac = macOf(Fault.breaksReading);
    await client.put("packfile", mac, content);
    let length = 0;
    const reading = (async () => {
      for await (const chunk of client.get("packfile", mac)) length += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject(unknown);
    expect(length).toBe(content.length);
    expect(await client.list("packfile")).toHaveLength(1);
  });

  it("aborts the signal of a get that the host cancels", async () => {
    const { client, log } = await startStorage(generation);
    const controller = new AbortController();
    const chunks = client.get("packfile", macOf(Fault.endless), undefined, controller.signal)[Symbol.asyncIterator]();
    await chunks.next();
    controller.abort(new Error("enough"));
    await log.waitFor("get aborted");
    await log.waitFor("get ended");
    expect(await client.mode()).toBe(6);
  });

  it("fails a listing that contains something other than a MAC", async () => {
    const { client } = await startStorage(generation, { config: { list: "is garbage" } });
    await expect(client.list("state")).rejects.toMatchObject({
      code: StatusCode.UNKNOWN,
      message: expect.stringContaining('"a text"') as unknown,
    });
  });

  it("hands out chunks whose memory is not used again, so that they can be kept", async () => {
    const { client } = await startStorage(generation);
    const kept = macOf(Fault.keepsChunks);
    // Small messages are decoded in the shared input buffer, large ones are collected first.
    const expected = contentOfLength(3 * 1024 * 1024, 7);
    const pieces = [...piecesOf(expected.subarray(0, 65_536), 701), ...piecesOf(expected.subarray(65_536))];
    await client.put("packfile", kept, pieces);
    // Overwrites every buffer that would be shared.
    await client.put("packfile", macOf(Fault.none), piecesOf(content, 4096));
    const received = Buffer.concat(await bytesOf(client.get("packfile", kept)));
    expect(digestOf(received)).toBe(digestOf(expected));
  });
});
