import { chmod, mkdir, readdir, readFile, rename, rm, symlink as makeSymlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { RestoreEntry } from "@kloset/host";
import { makeScratch, pattern, type Scratch } from "../fs/testing.js";
import { endConnectorsAfterEach, exporterOf, GENERATIONS, PATIENCE_MS } from "./testing/connectors.js";
import { directory, file, streamed } from "./testing/entries.js";
import { unfinishedBelow } from "./testing/resources.js";
import { restored, type Restored } from "./testing/restoring.js";
import { boundByPermissions, type Surroundings } from "./testing/surroundings.js";

describe.each(GENERATIONS)("a restore on %s to a target that changes", (generation) => {
  let scratch: Scratch;
  let root: string;
  endConnectorsAfterEach();
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "root");
  });
  afterEach(() => {
    scratch.remove();
  });

  /** Restores, and does something when an entry's turn comes and all before it are restored. */
  async function restoredWith(
    entries: (RestoreEntry | (() => Promise<void>))[],
    surroundings?: Surroundings,
  ): Promise<Restored> {
    const { client, stop } = await exporterOf({ generation, path: root, ...(surroundings && { surroundings }) });
    let done = 0;
    let wake = (): void => undefined;
    let sent = 0;
    // Directories are answered at the end on v1.1: waiting for files is waiting for them.
    async function* inOrder(): AsyncGenerator<RestoreEntry> {
      for (const entry of entries) {
        if (typeof entry !== "function") {
          if (entry.read !== undefined) sent++;
          yield entry;
          continue;
        }
        while (done < sent) await new Promise<void>((resolve) => (wake = resolve));
        await entry();
      }
    }
    const count = (pathname: string): void => {
      if (
        entries.some((entry) => typeof entry !== "function" && entry.pathname === pathname && entry.read !== undefined)
      )
        done++;
      wake();
    };
    const result = await restored(client, inOrder(), { onRestored: count, onError: count, forceCompletion: true });
    expect(await stop()).toEqual({ code: 0, signal: null });
    return result;
  }

  it(
    "makes a directory again that was removed, for what still comes",
    async () => {
      const { failures } = await restoredWith([
        directory("/"),
        directory("/d"),
        directory("/d/e"),
        file("/d/e/before", "1"),
        () => rm(join(root, "d"), { recursive: true }),
        directory("/d"),
        directory("/d/e"),
        file("/d/e/after", "2"),
        file("/other", "3"),
      ]);
      expect(failures).toEqual({});
      expect(await readdir(join(root, "d/e"))).toEqual(["after"]);
      expect(await readFile(join(root, "d/e/after"), "utf8")).toBe("2");
      expect(await readFile(join(root, "other"), "utf8")).toBe("3");
    },
    PATIENCE_MS,
  );

  it(
    "makes a directory again also when only that one was removed",
    async () => {
      const { failures } = await restoredWith([
        directory("/"),
        directory("/d"),
        directory("/d/e"),
        file("/d/e/before", "1"),
        () => rm(join(root, "d/e"), { recursive: true }),
        directory("/d/e"),
        file("/d/e/after", "2"),
      ]);
      expect(failures).toEqual({});
      expect(await readFile(join(root, "d/e/after"), "utf8")).toBe("2");
    },
    PATIENCE_MS,
  );

  it(
    "names every file that it can not restore when the whole target is gone",
    async () => {
      const { failures } = await restoredWith([
        directory("/"),
        file("/before", "1"),
        () => rm(root, { recursive: true }),
        file("/a", "2"),
        file("/b", "3"),
      ]);
      const gone = (name: string): string => `ENOENT: no such file or directory, open '${join(root, name)}'`;
      expect(failures).toMatchObject({ "/a": gone("a"), "/b": gone("b") });
    },
    PATIENCE_MS,
  );

  it(
    "does not follow a target that was moved away, nor a link that took the place of a directory",
    async () => {
      const outside = join(scratch.path, "outside");
      await mkdir(outside);
      const { failures } = await restoredWith([
        directory("/"),
        directory("/d"),
        file("/d/before", "1"),
        async () => {
          await rename(join(root, "d"), join(root, "moved"));
          await makeSymlink(outside, join(root, "d"));
        },
        directory("/d"),
        file("/d/after", "2"),
        file("/other", "3"),
      ]);
      expect(await readdir(outside)).toEqual([]);
      expect(failures["/d"]).toContain(`a restore does not go through symbolic links, and '${join(root, "d")}' is one`);
      expect(await readFile(join(root, "other"), "utf8")).toBe("3");
    },
    PATIENCE_MS,
  );

  it(
    "keeps nothing of a file whose directory is removed while it is written",
    async () => {
      const { failures } = await restoredWith([
        directory("/"),
        directory("/d"),
        streamed("/d/f", 2_000_000, async function* () {
          yield pattern(1_500_000);
          while ((await unfinishedBelow(root)).length === 0) await new Promise((resolve) => setImmediate(resolve));
          await rm(join(root, "d"), { recursive: true });
          yield pattern(500_000);
        }),
        file("/other", "3"),
      ]);
      expect(failures["/d/f"]).toMatch(/^ENOENT: no such file or directory, rename /);
      expect(failures["/d/f"]).toContain(`'${join(root, "d/f")}'`);
      expect(await readFile(join(root, "other"), "utf8")).toBe("3");
    },
    PATIENCE_MS,
  );

  it(
    "works on in a directory of the user's that was closed, and names what somebody else has closed",
    async () => {
      const { failures } = await restoredWith(
        [
          directory("/"),
          directory("/d"),
          file("/d/before", "1"),
          () => chmod(join(root, "d"), 0o500),
          directory("/d"),
          file("/d/after", "2"),
        ],
        boundByPermissions(),
      );
      expect(failures).toEqual({});
      expect(await readFile(join(root, "d/after"), "utf8")).toBe("2");
    },
    PATIENCE_MS,
  );

  it(
    "names what it may not write, and goes on",
    async () => {
      await mkdir(join(root, "d"), { recursive: true });
      await writeFile(join(root, "d", "f"), "old");
      const { failures } = await restoredWith(
        [
          directory("/"),
          directory("/d"),
          file("/d/before", "1"),
          () => chmod(join(root, "d"), 0o500),
          // No directory before it: nobody opens it again for its owner.
          ...(generation === "v1.1" ? [file("/d/f", "new")] : []),
          file("/other", "3"),
        ],
        boundByPermissions(),
      );
      const text = `EACCES: permission denied, open '${join(root, "d/f")}'`;
      expect(failures).toEqual(generation === "v1.1" ? { "/d/f": text } : {});
      expect(await readFile(join(root, "d", "f"), "utf8")).toBe("old");
      expect(await readFile(join(root, "other"), "utf8")).toBe("3");
    },
    PATIENCE_MS,
  );
});
