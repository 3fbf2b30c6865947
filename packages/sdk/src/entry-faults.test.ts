/** Scans of an author who is careless with the objects that are yielded. */
import { describe, expect, it } from "@jest/globals";
import type { ImporterClient, ScannedRecord } from "@kloset/host";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import { startOddImporter } from "./testing/odd.js";
import { bytesOf } from "./testing/read.js";

endFixturesAfterEach();

/** Everything that a scan yields, before anything of it is opened or acknowledged. */
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

/** Reads all that has content, after the whole scan. */
async function backUp(generation: "v1.0" | "v1.1", scan: string) {
  const { client, log, stop } = await startOddImporter(generation, { config: { scan } });
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

function changed(pathname: string): string {
  return `the entry of "${pathname}" was changed after it was yielded, so its content cannot be read: yield a new object for each entry`;
}

describe.each(generations)("on %s", (generation) => {
  it("one entry and one FileInfo for all are sent as each was; none has another's content", async () => {
    const { records, contents } = await backUp(generation, "one object");
    expect(records).toMatchObject([
      { pathname: "/" },
      { pathname: "/1", fileInfo: { size: 1, uid: 1, name: "1" } },
      { pathname: "/2", fileInfo: { size: 2, uid: 2, name: "2" } },
      { pathname: "/3", fileInfo: { size: 3, uid: 3, name: "3" } },
    ]);
    expect(contents).toEqual(["content of 1", "content of 2", changed("/3")]);
  });

  it("one entry with a method for all is refused, where it would read the last one's content", async () => {
    const { contents } = await backUp(generation, "one object and its method");
    expect(contents).toEqual([changed("/1"), changed("/2"), "content of /3"]);
  });

  it("a method that many entries share is called on each", async () => {
    const { contents } = await backUp(generation, "one method, many objects");
    expect(contents).toEqual(["content of /1", "content of /2", "content of /3"]);
  });

  it("names that are changed after the yield are sent as they were", async () => {
    const { records } = await backUp(generation, "changed lists");
    if (generation === "v1.1") expect(records[0]?.extendedAttributes).toEqual(["user.a"]);
    expect(records).toHaveLength(1);
  });

  it("entries that can not be, and those that throw when they are looked at, are errors of their own", async () => {
    const { records } = await backUp(generation, "hostile entries");
    expect(records.map(({ pathname, error }) => [pathname, error])).toEqual([
      ["/", "a trap"],
      ["/getter", "a getter"],
      ["/proxy", "a trap"],
      ["/negative", expect.stringContaining("-1")],
      ["/nan", expect.stringContaining("NaN")],
      ["/time", expect.stringContaining("modTime")],
      ["/date", expect.stringContaining("modTime")],
      ["/read", 'read must be a function: "content"'],
      ["/names", 'extendedAttributes must be an array: "user.a"'],
      [expect.stringMatching(/^\//), expect.stringContaining("NUL")],
      [expect.stringMatching(/^\//), expect.stringContaining("must be clean")],
      ["/good", undefined],
      ["/", "scan() yielded an entry whose pathname is undefined: a string is needed"],
      ["/", "scan() yielded [Function (anonymous)]: an entry is needed"],
    ]);
  });

  it.each([
    ["wrong steps", "the iterator's next() returned undefined: an object with done and value is needed"],
    ["no iterator", "the iterable returned null: an iterator, which has next(), is needed"],
  ])("a scan with %s is told to the host", async (scan, message) => {
    const { client, stop } = await startOddImporter(generation, { config: { scan } });
    if (generation === "v1.0") {
      expect(await scanned(client, new AbortController().signal)).toMatchObject([{ pathname: "/", error: message }]);
    } else {
      await expect(scanned(client, new AbortController().signal)).rejects.toMatchObject({ message });
    }
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });

  it("a scan that yields one entry for ever leaves room for others, and ends when the host does", async () => {
    const { client, log, stop } = await startOddImporter(generation, { config: { scan: "the same for ever" } });
    const controller = new AbortController();
    const scan = client.scan(controller.signal)[Symbol.asyncIterator]();
    expect(await scan.next()).toMatchObject({ value: { pathname: "/file" } });
    if (generation === "v1.1") await client.ping();
    else expect(await client.identity()).toMatchObject({ type: "odd" });
    const more = scan.next();
    controller.abort(new Error("enough"));
    await expect(more).rejects.toThrow("enough");
    await log.says("scan ended\n");
    expect(log.lines("kloset: ")).toEqual(['kloset: "/file" was yielded twice by scan(): the second is left out']);
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  });
});

describe("on v1.1", () => {
  it("one object for all attributes is refused, where it would read the last one's value", async () => {
    const { records, contents } = await backUp("v1.1", "one attribute");
    expect(records.map(({ attribute }) => attribute?.name)).toEqual(["user.1", "user.2", "user.3"]);
    expect(contents).toEqual([changed("/file"), changed("/file"), "user.3"]);
  });
});
