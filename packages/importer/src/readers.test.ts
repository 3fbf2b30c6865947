import { describe, expect, it } from "@jest/globals";
import { fileInfoOf, type RecordEntry } from "@kloset/model";
import { EntryReader } from "./entry-reader.js";
import type { Importer } from "./importer.js";
import { callOf, collect, importerOf, textOf } from "./testing/importers.js";
import { noticesOfEach } from "@kloset/test-support";
import { initialisedV1_0, serviceV1_1 } from "./testing/clients.js";

const notices = noticesOfEach();

/** Scans, then reads one file while its reader is held. */
async function readByV1_0(importer: Importer, pathname: string): Promise<string> {
  const client = await initialisedV1_0(importer);
  await collect(client.scan({}));
  return textOf(client.openReader({ pathname }));
}

async function readByV1_1(importer: Importer, pathname: string): Promise<string> {
  const { service } = await serviceV1_1(importer);
  const call = callOf();
  const requests = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
  const records = service.import(requests, call)[Symbol.asyncIterator]();
  await records.next(); // the root
  await records.next();
  return textOf(
    service.open({ record: { pathname } } as Parameters<typeof service.open>[0], call) as AsyncIterable<{
      chunk?: Uint8Array;
    }>,
  );
}

describe.each([
  ["v1.0", readByV1_0],
  ["v1.1", readByV1_1],
])("content whose length differs from its record, on %s", (generation, contentOf) => {
  const pathname = (name: string) => `/${generation} ${name}`;
  const fileOf = (name: string, size: number | undefined, ...pieces: string[]): RecordEntry => ({
    pathname: pathname(name),
    fileInfo: fileInfoOf({ size, modTime: 1n }),
    read: () => pieces.map((piece) => Buffer.from(piece)),
  });

  it.each([
    ["short", 1000, ["ab", "c"], "3 bytes were read, but its fileInfo.size is 1000"],
    ["long", 2, ["ab", "c"], "3 bytes were read, but its fileInfo.size is 2"],
    ["empty", 5, [], "0 bytes were read, but its fileInfo.size is 5"],
    ["not empty", 0, ["a"], "1 byte was read, but its fileInfo.size is 0"],
  ])("is sent unchanged, with a warning: %s", async (name, size, pieces, warning) => {
    expect(await contentOf(importerOf([fileOf(name, size, ...pieces)]), pathname(name))).toBe(pieces.join(""));
    expect(notices()).toEqual([`importer: "${pathname(name)}": ${warning}\n`]);
  });

  it.each([
    ["exact", 3],
    ["unknown", undefined],
  ])("causes no warning if the size is %s", async (name, size) => {
    await contentOf(importerOf([fileOf(name, size, "abc")]), pathname(name));
    expect(notices()).toEqual([]);
  });

  it("causes no warning if reading failed", async () => {
    const failing: RecordEntry = {
      ...fileOf("failing", 9),
      *read() {
        yield Buffer.from("abc");
        throw new Error("EIO");
      },
    };
    await expect(contentOf(importerOf([failing]), failing.pathname)).rejects.toThrow("EIO");
    expect(notices()).toEqual([]);
  });
});

it("names the entry that was changed after it was yielded, and what to do", () => {
  const entry = { pathname: "/1", fileInfo: fileInfoOf({ size: 1 }), read: () => Buffer.from("1") };
  const reader = EntryReader.of(entry, 1);
  entry.pathname = "/2";
  expect(() => reader?.open({ signal: new AbortController().signal })).toThrow(
    new Error(
      'the entry of "/1" was changed after it was yielded, so its content cannot be read: ' +
        "yield a new object for each entry",
    ),
  );
});
