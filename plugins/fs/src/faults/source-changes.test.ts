import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { backup } from "@kloset/host";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { endConnectorsAfterEach, GENERATIONS, importerOf, PATIENCE_MS } from "./testing/connectors.js";
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
      const importer = await scanned(generation, root);
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
      const importer = await scanned(generation, "/dev/zero");
      expect(await failureOf(contentOf(importer, "/dev/zero"))).toBe('"/dev/zero" is not a regular file any more');
      await importer.end();
    },
    PATIENCE_MS,
  );

  it(
    "gives the whole new content of a file that was replaced or written to since the scan",
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
    PATIENCE_MS,
  );

  it(
    "names what can not be read",
    async () => {
      // Nothing is mapped at the address 0: a regular file, to all appearances, on a broken disk.
      const path = "/proc/self/mem";
      const importer = await scanned(generation, path);
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
