import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { backup } from "@kloset/host";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { endConnectorsAfterEach, GENERATIONS, importerOf, TEST_TIMEOUT_MS } from "./testing/connectors.js";
import { failureOf } from "./testing/resources.js";
import { contentOf, scanned } from "./testing/scanning.js";

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

  it.each<[string, (path: string) => Promise<unknown>, string]>([
    ["deleted", (path) => rm(path), "ENOENT: no such file or directory, open '$'"],
    ["closed to the user", (path) => chmod(path, 0), "EACCES: permission denied, open '$'"],
    [
      "replaced by a link",
      (path) => rm(path).then(() => symlink("/etc/passwd", path)),
      "ELOOP: too many symbolic links encountered, open '$'",
    ],
    ["replaced by a directory", (path) => rm(path).then(() => mkdir(path)), '"$" is no longer a regular file'],
    [
      "replaced by a FIFO",
      async (path) => rm(path).then(() => execFileSync("mkfifo", [path])),
      '"$" is no longer a regular file',
    ],
    [
      "in a directory that is a file now",
      (path) => rm(join(path, ".."), { recursive: true }).then(() => writeFile(join(path, ".."), "")),
      "ENOTDIR: not a directory, open '$'",
    ],
  ])(
    "names a file that was %s between scan and open, without waiting",
    async (_, change, text) => {
      const path = join(root, "d", "f");
      await mkdir(join(root, "d"));
      await writeFile(path, "content");
      await writeFile(join(root, "other"), "other");
      const importer = await scanned(generation, root);
      await change(path);
      // More calls than Node has threads.
      const failures = Array.from({ length: 8 }, () => failureOf(contentOf(importer, path)));
      for (const failure of await Promise.all(failures)) expect(failure).toBe(text.replace("$", path));
      expect((await contentOf(importer, join(root, "other"))).toString()).toBe("other");
      await importer.end();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "names a device that is opened as a file",
    async () => {
      // Only a superuser could replace a file by a device, so scan one.
      const importer = await scanned(generation, "/dev/zero");
      expect(await failureOf(contentOf(importer, "/dev/zero"))).toBe('"/dev/zero" is no longer a regular file');
      await importer.end();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "returns the complete new content of a file that was replaced or modified after the scan",
    async () => {
      for (const name of ["replaced", "written", "emptied"]) await writeFile(join(root, name), "old content");
      const importer = await scanned(generation, root);
      await writeFile(join(root, "new"), "new");
      await rename(join(root, "new"), join(root, "replaced"));
      await appendFile(join(root, "written"), ", and more");
      await truncate(join(root, "emptied"));
      expect((await contentOf(importer, join(root, "replaced"))).toString()).toBe("new");
      expect((await contentOf(importer, join(root, "written"))).toString()).toBe("old content, and more");
      expect(await contentOf(importer, join(root, "emptied"))).toHaveLength(0);
      await importer.end();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "names a file that cannot be read",
    async () => {
      // Looks like a regular file on a broken disk, because nothing is mapped at address 0.
      const path = "/proc/self/mem";
      const importer = await scanned(generation, path);
      expect(await failureOf(contentOf(importer, path))).toBe(`EIO: i/o error, read '${path}'`);
      await importer.end();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "is reported at Init if it does not exist, and by the backup if it was removed before the scan",
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
    TEST_TIMEOUT_MS,
  );
});
