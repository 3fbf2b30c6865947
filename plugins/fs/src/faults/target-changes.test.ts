import { chmod, mkdir, readdir, readFile, rename, rm, symlink as makeSymlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { RestoreEntry } from "@kloset/host";
import { makeScratch, pattern, type Scratch } from "../fs/testing.js";
import { endConnectorsAfterEach, exporterOf, GENERATIONS, TEST_TIMEOUT_MS } from "./testing/connectors.js";
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

  /** Restores entries in order. A function between them runs after all previous entries are restored. */
  async function restoredWith(
    entries: (RestoreEntry | (() => Promise<void>))[],
    surroundings?: Surroundings,
  ): Promise<Restored> {
    const { client, stop } = await exporterOf({ generation, path: root, ...(surroundings && { surroundings }) });
    let done = 0;
    let wake = (): void => undefined;
    let sent = 0;
    // v1.1 reports directories at the end, so wait only for files.
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
    "makes a removed directory and its parent again for the remaining entries",
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
    TEST_TIMEOUT_MS,
  );

  it(
    "makes a removed directory again if its parent still exists",
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
    TEST_TIMEOUT_MS,
  );

  it(
    "names every file if the whole target was removed",
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
    TEST_TIMEOUT_MS,
  );

  it(
    "does not follow a link that has replaced a directory",
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
      expect(failures["/d"]).toContain(`the symbolic link '${join(root, "d")}'`);
      expect(await readFile(join(root, "other"), "utf8")).toBe("3");
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "leaves no part of a file whose directory is removed while it is written",
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
    TEST_TIMEOUT_MS,
  );

  it(
    "makes a directory writable again for its owner",
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
    TEST_TIMEOUT_MS,
  );

  it(
    "names a file that it may not write, and continues",
    async () => {
      await mkdir(join(root, "d"), { recursive: true });
      await writeFile(join(root, "d", "f"), "old");
      const { failures } = await restoredWith(
        [
          directory("/"),
          directory("/d"),
          file("/d/before", "1"),
          () => chmod(join(root, "d"), 0o500),
          // Not preceded by its directory, which would make it writable again.
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
    TEST_TIMEOUT_MS,
  );
});
