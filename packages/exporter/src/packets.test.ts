import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { Code } from "@connectrpc/connect";
import { takeNext, type Arrivals } from "@kloset/adapter";
import { exporter as wire } from "@kloset/protocol/v1.1";
import { Packets } from "./packets.js";
import { streamOf } from "./testing/hosts.js";
import { chunk, directory, file, fileRecord, type Request } from "./testing/records.js";

function packetsOf(
  requests: Iterable<Request> | AsyncIterable<Request>,
  signal = new AbortController().signal,
): Packets {
  return new Packets(streamOf(requests), signal);
}

async function text(chunks: Arrivals<Uint8Array>): Promise<string[]> {
  const pieces: string[] = [];
  for (let piece = await takeNext(chunks); piece !== undefined; piece = await takeNext(chunks)) {
    pieces.push(Buffer.from(piece).toString());
  }
  return pieces;
}

describe("Packets", () => {
  it("reads records, each with its content", async () => {
    const packets = packetsOf([directory("/"), ...file("/a", ["x", "yz"]), ...file("/b", "")]);
    expect((await packets.nextRecord())?.pathname).toBe("/");
    expect(await text(packets.content)).toEqual([]);
    expect((await packets.nextRecord())?.pathname).toBe("/a");
    expect(await text(packets.content)).toEqual(["x", "yz"]);
    expect(await text(packets.content)).toEqual([]);
    expect((await packets.nextRecord())?.pathname).toBe("/b");
    expect(await text(packets.content)).toEqual([]);
    expect(await packets.nextRecord()).toBeUndefined();
    expect(await packets.nextRecord()).toBeUndefined();
  });

  it("discards the content that was not read", async () => {
    const packets = packetsOf([...file("/a", ["1", "2", "3", "4"]), ...file("/b", "5")]);
    await packets.nextRecord();
    expect(await takeNext(packets.content)).toEqual(Buffer.from("1"));
    expect(await takeNext(packets.content)).toEqual(Buffer.from("2"));
    expect((await packets.nextRecord())?.pathname).toBe("/b");
    expect(await text(packets.content)).toEqual(["5"]);
  });

  it("throws if content is incomplete and keeps the record that arrived within it", async () => {
    const packets = packetsOf([fileRecord("/a"), chunk("x"), ...file("/b", "y"), fileRecord("/c"), chunk("z")]);
    await packets.nextRecord();
    await expect(text(packets.content)).rejects.toThrow('the content of "/a" broke off: another record came within it');
    expect((await packets.nextRecord())?.pathname).toBe("/b");
    expect(await text(packets.content)).toEqual(["y"]);
    await packets.nextRecord();
    await expect(text(packets.content)).rejects.toThrow('the content of "/c" broke off: its source failed');
    expect(await packets.nextRecord()).toBeUndefined();
  });

  it("skips unknown packets only between records", async () => {
    const unknown = create(wire.ExportRequestSchema, {});
    const packets = packetsOf([unknown, fileRecord("/a"), unknown, chunk("x"), chunk(), unknown, directory("/b")]);
    await packets.nextRecord();
    await expect(text(packets.content)).rejects.toThrow(
      'the content of "/a" broke off: a packet of an unknown kind came within it',
    );
    expect((await packets.nextRecord())?.pathname).toBe("/b");
  });

  it("rejects content without a record", async () => {
    const packets = packetsOf([directory("/a"), chunk("x")]);
    await packets.nextRecord();
    await expect(packets.nextRecord()).rejects.toMatchObject({ code: Code.InvalidArgument });
  });

  it("throws the error of the stream on every read", async () => {
    async function* requests(): AsyncGenerator<Request, void, undefined> {
      yield fileRecord("/a");
      throw new Error("too large");
    }
    const packets = packetsOf(requests());
    await packets.nextRecord();
    await expect(takeNext(packets.content)).rejects.toThrow("too large");
    await expect(takeNext(packets.content)).rejects.toThrow("too large");
    await packets.skipContent();
    await expect(packets.nextRecord()).rejects.toThrow("too large");
    await expect(packets.nextRecord()).rejects.toThrow("too large");
    await packets.drain();
  });

  it("stops waiting when the call is aborted", async () => {
    const controller = new AbortController();
    async function* requests(): AsyncGenerator<Request, void, undefined> {
      yield fileRecord("/a");
      await new Promise(() => undefined);
    }
    const packets = packetsOf(requests(), controller.signal);
    await packets.nextRecord();
    const next = takeNext(packets.content);
    controller.abort(new Error("gone"));
    await expect(next).rejects.toThrow("gone");
    await expect(packets.nextRecord()).rejects.toThrow("gone");
  });

  it("drains the stream", async () => {
    let drained = false;
    async function* requests(): AsyncGenerator<Request, void, undefined> {
      yield* [directory("/a"), chunk("x"), ...file("/b", "y")];
      drained = true;
    }
    await packetsOf(requests()).drain();
    expect(drained).toBe(true);
  });
});
