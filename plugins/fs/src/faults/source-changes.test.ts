import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { backup, type ImporterClient, type Scan, type ScannedRecord } from "@kloset/host";
import { makeScratch, pattern, type Scratch } from "../fs/testing.js";
import { endConnectorsAfterEach, GENERATIONS, importerOf, PATIENCE_MS } from "./testing/connectors.js";
import { failureOf } from "./testing/resources.js";
import { boundByPermissions } from "./testing/surroundings.js";

const MIB = 1024 * 1024;
/** More than HTTP/2's windows take: the plugin must still be reading when the test goes on. */
const LARGE = 40 * MIB;

describe.each(GENERATIONS)("a source that changes during a backup on %s", (generation) => {
  let scratch: Scratch;
  let root: string;
  endConnectorsAfterEach();
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "source");
    await mkdir(root);
  });
  afterEach(() => {
    scratch.remove();
  });

  interface Scanned {
    readonly client: ImporterClient;
    readonly records: ReadonlyMap<string, ScannedRecord>;
    /** Says that all is done, and sees the process end well. */
    readonly end: () => Promise<void>;
  }

  /** Scans to the end, and opens nothing. */
  async function scanned(path = root): Promise<Scanned> {
    const { client, stop } = await importerOf({ generation, path, surroundings: boundByPermissions() });
    const scan: Scan = client.scan();
    const records = new Map<string, ScannedRecord>();
    for await (const record of scan) records.set(record.pathname, record);
    const end = async (): Promise<void> => {
      for (const record of records.values()) await scan.acknowledge(record);
      await scan.finish();
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    };
    return { client, records, end };
  }

  function recordOf({ records }: Scanned, path: string): ScannedRecord {
    const record = records.get(path);
    if (record === undefined) throw new Error(`${path} was not scanned`);
    return record;
  }

  async function contentOf(importer: Scanned, path: string): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of importer.client.open(recordOf(importer, path))) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  it.each<[string, (path: string) => Promise<unknown>, string]>([
    ["deleted", (path) => rm(path), "ENOENT: no such file or directory, open '$'"],
    ["closed to the user", (path) => chmod(path, 0), "EACCES: permission denied, open '$'"],
    [
      "replaced by a link",
      (path) => rm(path).then(() => symlink("/etc/passwd", path)),
      "ELOOP: too many symbolic links encountered, open '$'",
    ],
    ["replaced by a directory", (path) => rm(path).then(() => mkdir(path)), '"$" is not a regular file any more'],
    [
      "replaced by a FIFO",
      async (path) => rm(path).then(() => execFileSync("mkfifo", [path])),
      '"$" is not a regular file any more',
    ],
    [
      "in a directory that is a file now",
      (path) => rm(join(path, ".."), { recursive: true }).then(() => writeFile(join(path, ".."), "")),
      "ENOTDIR: not a directory, open '$'",
    ],
  ])(
    "names a file that was %s between scan and open, and waits for nothing",
    async (_, change, text) => {
      const path = join(root, "d", "f");
      await mkdir(join(root, "d"));
      await writeFile(path, "content");
      await writeFile(join(root, "other"), "other");
      const importer = await scanned();
      await change(path);
      // More than Node has threads.
      const failures = Array.from({ length: 8 }, () => failureOf(contentOf(importer, path)));
      for (const failure of await Promise.all(failures)) expect(failure).toBe(text.replace("$", path));
      expect((await contentOf(importer, join(root, "other"))).toString()).toBe("other");
      await importer.end();
    },
    PATIENCE_MS,
  );

  it(
    "names a device that it is asked to read as a file",
    async () => {
      // Only a superuser could put one in the place of a file.
      const importer = await scanned("/dev/zero");
      expect(await failureOf(contentOf(importer, "/dev/zero"))).toBe('"/dev/zero" is not a regular file any more');
      await importer.end();
    },
    PATIENCE_MS,
  );

  it.each<[string, (path: string) => Promise<unknown>]>([
    ["cut", (path) => truncate(path, LARGE - 5 * MIB)],
    ["continued", (path) => appendFile(path, "more")],
    ["overwritten", (path) => writeFile(path, pattern(100), { flag: "r+" })],
    ["touched", (path) => utimes(path, 1, 1)],
  ])(
    "fails a file that is %s while it is read, by name",
    async (_, change) => {
      const path = join(root, "log");
      for (let i = 0; i < 40; i++) await appendFile(path, pattern(MIB, i));
      const importer = await scanned();
      const reader = importer.client.open(recordOf(importer, path))[Symbol.asyncIterator]();
      await reader.next();
      await change(path);
      const rest = (async () => {
        while ((await reader.next()).done !== true);
      })();
      expect(await failureOf(rest)).toContain(`"${path}" changed while it was read: `);
      await importer.end();
    },
    PATIENCE_MS,
  );

  it(
    "gives the whole new content of a file that was replaced or written to since the scan",
    async () => {
      for (const name of ["replaced", "written", "emptied"]) await writeFile(join(root, name), "old content");
      const importer = await scanned();
      await writeFile(join(root, "new"), "new");
      await rename(join(root, "new"), join(root, "replaced"));
      await appendFile(join(root, "written"), ", and more");
      await truncate(join(root, "emptied"));
      expect((await contentOf(importer, join(root, "replaced"))).toString()).toBe("new");
      expect((await contentOf(importer, join(root, "written"))).toString()).toBe("old content, and more");
      expect(await contentOf(importer, join(root, "emptied"))).toHaveLength(0);
      await importer.end();
    },
    PATIENCE_MS,
  );

  it(
    "names what can not be read",
    async () => {
      // Nothing is mapped at the address 0: a regular file, to all appearances, on a broken disk.
      const path = "/proc/self/mem";
      const importer = await scanned(path);
      expect(await failureOf(contentOf(importer, path))).toBe(`EIO: i/o error, read '${path}'`);
      await importer.end();
    },
    PATIENCE_MS,
  );

  it(
    "says so at once when it is not there at all, and so does a backup whose source goes before the scan",
    async () => {
      await rm(root, { recursive: true });
      const text = `ENOENT: no such file or directory, lstat '${root}'`;
      expect(await failureOf(importerOf({ generation, path: root }))).toBe(text);
      await mkdir(root);
      const { client } = await importerOf({ generation, path: root });
      await rm(root, { recursive: true });
      const failures: Record<string, string> = {};
      const summary = await backup(client, {
        record: () => undefined,
        error: ({ pathname }, { message }) => void (failures[pathname] = message),
      });
      expect(failures).toEqual({ [root]: text });
      expect(summary.errors).toBe(1);
    },
    PATIENCE_MS,
  );
});
