/** Scans that reuse the objects they yield, or yield invalid ones. */
import { describe, expect, it } from "@jest/globals";
import type { ImporterClient, ScannedRecord } from "@kloset/host";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import { startMisbehavingImporter } from "./testing/misbehaving.js";
import { bytesOf } from "./testing/read.js";

endFixturesAfterEach();

/** Returns all records of a scan before any is opened or acknowledged. */
async function scanned(client: ImporterClient, signal: AbortSignal): Promise<ScannedRecord[]> {
  const records: ScannedRecord[] = [];
  const controller = new AbortController();
  signal.addEventListener("abort", () => {
    controller.abort();
  });
  const scan = client.scan(controller.signal)[Symbol.asyncIterator]();
  for (;;) {
    const next = await scan.next();
    if (next.done === true) return records;
    records.push(next.value);
  }
}

async function contentOrError(client: ImporterClient, record: ScannedRecord): Promise<string> {
  try {
    return Buffer.concat(await bytesOf(client.open(record))).toString();
  } catch (error) {
    return (error as Error).message;
  }
}

/** Reads the content of all records after the whole scan. */
async function backUp(generation: "v1.0" | "v1.1", scan: string) {
  const { client, log, stop } = await startMisbehavingImporter(generation, { config: { scan } });
  const controller = new AbortController();
  const records = await scanned(client, controller.signal);
  const contents: string[] = [];
  for (const record of records) {
    if (record.attribute !== undefined || record.fileInfo?.mode === 0o644)
      contents.push(await contentOrError(client, record));
  }
  controller.abort();
  await client.close();
  expect(await stop()).toEqual({ code: 0, signal: null });
  return { records, contents, log };
}

function changed(pathname: string): unknown {
  return expect.stringContaining(`"${pathname}" was changed`);
}

describe.each(generations)("on %s", (generation) => {
  it("sends a reused entry and FileInfo as they were when yielded, never with the content of another", async () => {
    const { records, contents } = await backUp(generation, "one object");
    expect(records).toMatchObject([
      { pathname: "/" },
      { pathname: "/1", fileInfo: { size: 1, uid: 1, name: "1" } },
      { pathname: "/2", fileInfo: { size: 2, uid: 2, name: "2" } },
      { pathname: "/3", fileInfo: { size: 3, uid: 3, name: "3" } },
    ]);
    expect(contents).toEqual(["content of 1", "content of 2", changed("/3")]);
  });

  it("refuses to read a reused entry whose method would return the content of the last one", async () => {
    const { contents } = await backUp(generation, "one object and its method");
    expect(contents).toEqual([changed("/1"), changed("/2"), "content of /3"]);
  });

  it("calls a method shared by many entries on each of them", async () => {
    const { contents } = await backUp(generation, "one method, many objects");
    expect(contents).toEqual(["content of /1", "content of /2", "content of /3"]);
  });

  it("sends attribute names as they were when yielded", async () => {
    const { records } = await backUp(generation, "changed lists");
    if (generation === "v1.1") expect(records[1]?.extendedAttributes).toEqual(["user.a"]);
    expect(records).toHaveLength(2);
  });

  it("reports each invalid entry, and each that throws on access, as its own error", async () => {
    const { records } = await backUp(generation, "hostile entries");
    expect(records.map(({ pathname, error }) => [pathname, error])).toEqual([
      ["/", "a trap"],
      ["/", undefined],
      ["/getter", "a getter"],
      ["/proxy", "a trap"],
      ["/negative", expect.stringContaining("-1")],
      ["/nan", expect.stringContaining("NaN")],
      ["/time", expect.stringContaining("modTime")],
      ["/date", expect.stringContaining("modTime")],
      ["/read", expect.stringMatching(/^read .*"content"/)],
      ["/names", expect.stringMatching(/^extendedAttributes .*"user\.a"/)],
      [expect.stringMatching(/^\//), expect.stringContaining("NUL")],
      [expect.stringMatching(/^\//), expect.stringContaining("must be clean")],
      ["/good", undefined],
      ["/", expect.stringContaining("pathname is undefined")],
      ["/", expect.stringContaining("[Function (anonymous)]")],
    ]);
  });

  it.each<[string, unknown]>([
    ["wrong steps", expect.stringContaining("next() returned undefined")],
    ["no iterator", expect.stringContaining("the iterable returned null")],
  ])("reports a scan with %s to the host", async (scan, message) => {
    const { client, stop } = await startMisbehavingImporter(generation, { config: { scan } });
    if (generation === "v1.0") {
      expect(await scanned(client, new AbortController().signal)).toMatchObject([
        { pathname: "/", error: message },
        { pathname: "/", error: undefined },
      ]);
    } else {
      await expect(scanned(client, new AbortController().signal)).rejects.toMatchObject({ message });
    }
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it("serves other calls during a scan that yields one entry forever, and ends it when the host cancels", async () => {
    const { client, log, stop } = await startMisbehavingImporter(generation, { config: { scan: "the same forever" } });
    const controller = new AbortController();
    const scan = client.scan(controller.signal)[Symbol.asyncIterator]();
    expect(await scan.next()).toMatchObject({ value: { pathname: "/" } });
    expect(await scan.next()).toMatchObject({ value: { pathname: "/file" } });
    if (generation === "v1.1") await client.ping();
    else expect(await client.identity()).toMatchObject({ type: "misbehaving" });
    const more = scan.next();
    controller.abort(new Error("enough"));
    await expect(more).rejects.toThrow("enough");
    await log.waitFor("scan ended\n");
    expect(log.lines("importer: ")).toEqual([expect.stringContaining('"/file" was yielded twice')]);
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });
});

describe("on v1.1", () => {
  it("refuses to read a reused attribute whose reader would return the value of the last one", async () => {
    const { records, contents } = await backUp("v1.1", "one attribute");
    expect(records.map(({ attribute }) => attribute?.name)).toEqual(["user.1", "user.2", "user.3"]);
    expect(contents).toEqual([changed("/file"), changed("/file"), "user.3"]);
  });
});
