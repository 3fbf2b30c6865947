import { appendFile, chmod, copyFile, link, mkdir, rename, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeScratch, pattern, type Scratch } from "../fs/testing.js";
import { endConnectorsAfterEach, GENERATIONS, TEST_TIMEOUT_MS } from "./testing/connectors.js";
import { failureOf } from "./testing/resources.js";
import { recordOf, scanned } from "./testing/scanning.js";

const MIB = 1024 * 1024;
/** Larger than the HTTP/2 windows, so that the plugin is still reading when the test changes the file. */
const LARGE = 40 * MIB;

describe.each(GENERATIONS)("a file that changes while it is read on %s", (generation) => {
  let scratch: Scratch;
  let root: string;
  let large: string;
  endConnectorsAfterEach();
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "source");
    await mkdir(root);
    large = join(scratch.path, "large");
    await writeFile(large, pattern(LARGE));
  });
  afterEach(() => {
    scratch.remove();
  });

  it(
    "is kept, and named once with a count at the end, unless it only grows or gets other attributes",
    async () => {
      const changes: Record<string, (path: string) => Promise<unknown>> = {
        truncated: (path) => truncate(path, LARGE - 5 * MIB),
        appended: (path) => appendFile(path, "more"),
        overwritten: (path) => writeFile(path, pattern(100), { flag: "r+" }),
        touched: (path) => utimes(path, 1, 1),
        linked: (path) => link(path, `${path}-link`),
        closed: (path) => chmod(path, 0),
        renamed: (path) => rename(path, `${path}-renamed`),
      };
      for (const name of Object.keys(changes)) await copyFile(large, join(root, name));
      const importer = await scanned(generation, root);
      for (const [name, change] of Object.entries(changes)) {
        const path = join(root, name);
        const reader = importer.client.open(recordOf(importer, path))[Symbol.asyncIterator]();
        let bytes = 0;
        for (let next = await reader.next(); next.done !== true; next = await reader.next()) {
          if (bytes === 0) await change(path);
          bytes += next.value.length;
        }
        expect([name, bytes]).toEqual([name, name === "truncated" ? LARGE - 5 * MIB : LARGE]);
      }
      const lines = (await importer.end()).split("\n").slice(0, -1);
      expect(lines).toEqual([
        expect.stringContaining(`"${root}/truncated" changed while it was read: `),
        expect.stringContaining(`"${root}/overwritten" changed while it was read: `),
        expect.stringContaining(`"${root}/touched" changed while it was read: `),
        "tsfs: files kept although they changed while they were read: 3",
      ]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "is an error with -o changing=fail",
    async () => {
      const path = join(root, "log");
      await copyFile(large, path);
      const importer = await scanned(generation, root, { config: { changing: "fail" } });
      const reader = importer.client.open(recordOf(importer, path))[Symbol.asyncIterator]();
      await reader.next();
      await appendFile(path, "more");
      const rest = (async () => {
        while ((await reader.next()).done !== true);
      })();
      expect(await failureOf(rest)).toContain(`"${path}" changed while it was read: `);
      expect(await importer.end()).toBe("");
    },
    TEST_TIMEOUT_MS,
  );
});
