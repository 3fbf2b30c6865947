import { appendFile, mkdir, truncate, utimes, writeFile } from "node:fs/promises";
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
  endConnectorsAfterEach();
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "source");
    await mkdir(root);
  });
  afterEach(() => {
    scratch.remove();
  });

  it.each<[string, (path: string) => Promise<unknown>]>([
    ["truncated", (path) => truncate(path, LARGE - 5 * MIB)],
    ["appended to", (path) => appendFile(path, "more")],
    ["overwritten", (path) => writeFile(path, pattern(100), { flag: "r+" })],
    ["touched", (path) => utimes(path, 1, 1)],
  ])(
    "is reported by name if it is %s",
    async (_, change) => {
      const path = join(root, "log");
      for (let i = 0; i < 40; i++) await appendFile(path, pattern(MIB, i));
      const importer = await scanned(generation, root);
      const reader = importer.client.open(recordOf(importer, path))[Symbol.asyncIterator]();
      await reader.next();
      await change(path);
      const rest = (async () => {
        while ((await reader.next()).done !== true);
      })();
      expect(await failureOf(rest)).toContain(`"${path}" changed while it was read: `);
      await importer.end();
    },
    TEST_TIMEOUT_MS,
  );
});
