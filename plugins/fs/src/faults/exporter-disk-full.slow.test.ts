import { lstat, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { RestoreEntry } from "@kloset/host";
import { pattern } from "../fs/testing.js";
import { endConnectorsAfterEach, exporterOf, GENERATIONS, TEST_TIMEOUT_MS } from "./testing/connectors.js";
import { directory, file, symlink } from "./testing/entries.js";
import { restored, type Restored } from "./testing/restoring.js";
import type { SmallDisk } from "./testing/small-disk.js";
import { smallDisksOfEach } from "./testing/small-disks.js";
import { limited } from "./testing/surroundings.js";

const MIB = 1024 * 1024;
const LARGE = pattern(8 * MIB, 1);
const NO_SPACE = "ENOSPC: no space left on device";

describe.each(GENERATIONS)("a restore on %s to a full disk", (generation) => {
  endConnectorsAfterEach();
  const disks = smallDisksOfEach();

  /** Restores to the disk in a separate process, and expects it to exit with 0. */
  async function restoreTo(
    target: SmallDisk,
    entries: RestoreEntry[],
    config = {},
    maxConcurrency = 4,
  ): Promise<Restored> {
    const { path, surroundings } = target;
    const { client, stop } = await exporterOf({
      generation,
      path: join(path, "root"),
      surroundings,
      config,
      maxConcurrency,
    });
    const result = await restored(client, entries);
    expect(await stop()).toEqual({ code: 0, signal: null });
    return result;
  }

  it(
    "names the file and the reason, leaves no part of it, continues, and succeeds when there is room",
    async () => {
      const small = await disks.make("size=4m");
      const view = join(small.view, "root");
      const entries = [
        directory("/"),
        directory("/d"),
        file("/d/before", pattern(100_000)),
        file("/d/large", LARGE),
        file("/d/after", pattern(200_000, 7)),
        symlink("/link", "d/large"),
      ];
      const first = await restoreTo(small, entries);
      expect(first.failures).toEqual({ "/d/large": `${NO_SPACE}, write '${join(small.path, "root/d/large")}'` });
      expect((await readdir(join(view, "d"))).sort()).toEqual(["after", "before"]);
      expect((await readFile(join(view, "d/after"))).equals(pattern(200_000, 7))).toBe(true);

      await small.mount("remount,size=16m");
      expect((await restoreTo(small, entries)).failures).toEqual({});
      expect((await readFile(join(view, "d/large"))).equals(LARGE)).toBe(true);
      expect((await readdir(join(view, "d"))).sort()).toEqual(["after", "before", "large"]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "keeps the old file if there is no room for the new one",
    async () => {
      const small = await disks.make("size=4m");
      const old = pattern(MIB, 3);
      await restoreTo(small, [directory("/"), file("/f", old, { permissions: 0o640 })]);
      const { failures } = await restoreTo(small, [directory("/"), file("/f", LARGE)]);
      expect(failures["/f"]).toContain(NO_SPACE);
      const kept = join(small.view, "root/f");
      expect((await readFile(kept)).equals(old)).toBe(true);
      expect((await lstat(kept)).mode & 0o7777).toBe(0o640);
      expect(await readdir(join(small.view, "root"))).toEqual(["f"]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "names each file without room, and keeps the others",
    async () => {
      const small = await disks.make("size=2m");
      const names = Array.from({ length: 40 }, (_, i) => `/f${i}`);
      const { failures } = await restoreTo(small, [
        directory("/"),
        ...names.map((name, i) => file(name, pattern(100_000, i))),
      ]);
      const view = join(small.view, "root");
      const left = await readdir(view);
      expect(left.length).toBeGreaterThan(5);
      expect(left.length + Object.keys(failures).length).toBe(names.length);
      for (const [i, name] of names.entries()) {
        if (left.includes(name.slice(1)))
          expect((await readFile(join(view, name))).equals(pattern(100_000, i))).toBe(true);
        else expect(failures[name]).toBe(`${NO_SPACE}, write '${join(small.path, "root", name)}'`);
      }
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "names each entry that cannot be made without a free inode",
    async () => {
      const small = await disks.make("size=4m,nr_inodes=5");
      const numbers = ["/one", "/two", "/three", "/four"].map((name) => file(name, name));
      const { failures } = await restoreTo(small, [directory("/"), ...numbers, symlink("/link", "one")], {}, 1);
      const path = join(small.path, "root");
      expect(failures).toEqual({
        "/four": `${NO_SPACE}, open '${join(path, "four")}'`,
        "/link": expect.stringMatching(new RegExp(`^${NO_SPACE}, symlink .*'${join(path, "link")}'$`)),
      });
      expect((await readdir(join(small.view, "root"))).sort()).toEqual(["one", "three", "two"]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "writes zeros, so that restored files have their space allocated",
    async () => {
      const small = await disks.make("size=4m");
      const zeros = [directory("/"), file("/swap", new Uint8Array(8 * MIB))];
      expect((await restoreTo(small, zeros)).failures["/swap"]).toContain(NO_SPACE);
      expect((await restoreTo(small, [directory("/"), file("/swap", new Uint8Array(2 * MIB))])).failures).toEqual({});
      const { size, blocks } = await lstat(join(small.view, "root/swap"));
      expect({ size, allocated: blocks * 512 }).toEqual({ size: 2 * MIB, allocated: 2 * MIB });
      // Unless the user asks for holes.
      expect((await restoreTo(small, zeros, { sparse: "true" })).failures).toEqual({});
      expect(await lstat(join(small.view, "root/swap"))).toMatchObject({ size: 8 * MIB, blocks: 0 });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "names a file above the size limit of the process",
    async () => {
      const path = join(disks.scratch.path, "root");
      const surroundings = limited({ blocks: 2048 });
      const { client, stop } = await exporterOf({ generation, path, surroundings });
      const entries = [directory("/"), file("/large", LARGE), file("/small", "small")];
      const { failures } = await restored(client, entries);
      expect(failures).toEqual({ "/large": `EFBIG: file too large, write '${join(path, "large")}'` });
      expect(await readdir(path)).toEqual(["small"]);
      // The limit also raises a signal, which ends other programs.
      expect(await stop()).toEqual({ code: 0, signal: null });
      await rm(path, { recursive: true });
      const unlimited = await exporterOf({ generation, path });
      expect((await restored(unlimited.client, entries)).failures).toEqual({});
      expect((await readFile(join(path, "large"))).equals(LARGE)).toBe(true);
    },
    TEST_TIMEOUT_MS,
  );
});
