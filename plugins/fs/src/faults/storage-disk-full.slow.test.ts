import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { RunningConnector, StorageClient } from "@kloset/host";
import { pattern } from "../fs/testing.js";
import { endConnectorsAfterEach, GENERATIONS, TEST_TIMEOUT_MS, storageOf } from "./testing/connectors.js";
import { failureOf, KINDS, listed, macOf, pathOf, read, unfinishedBelow } from "./testing/resources.js";
import type { SmallDisk } from "./testing/small-disk.js";
import { smallDisksOfEach } from "./testing/small-disks.js";
import { limited } from "./testing/surroundings.js";

const MIB = 1024 * 1024;
const NO_SPACE = "ENOSPC: no space left on device";
const CONFIG = Buffer.from("the configuration");

describe.each(GENERATIONS)("a repository on %s on a full disk", (generation) => {
  endConnectorsAfterEach();
  const disks = smallDisksOfEach();

  async function storageOn(
    small: SmallDisk,
  ): Promise<RunningConnector<StorageClient> & { root: string; view: string }> {
    const root = join(small.path, "repository");
    const running = await storageOf({ generation, path: root, surroundings: small.surroundings });
    return { ...running, root, view: join(small.view, "repository") };
  }

  it.each(KINDS)(
    "fails a put of a %s by name, keeps existing resources, and accepts it when there is room",
    async (kind) => {
      const small = await disks.make("size=3m");
      const { client, stop, root, view } = await storageOn(small);
      await client.create(CONFIG);
      const old = pattern(100_000, 5);
      await client.put(kind, macOf(1), old);
      const text = (mac: number): string => `${NO_SPACE}, write '${pathOf(root, kind, macOf(mac))}'`;
      expect(await failureOf(client.put(kind, macOf(2), pattern(4 * MIB)))).toBe(text(2));
      // Replaces an existing resource, as hosts do with locks.
      expect(await failureOf(client.put(kind, macOf(1), pattern(4 * MIB)))).toBe(text(1));
      expect(await listed(client, kind)).toEqual([macOf(1).hex]);
      expect((await read(client, kind, macOf(1))).equals(old)).toBe(true);
      expect(await unfinishedBelow(view)).toEqual([]);
      // The failed put takes no space.
      await client.put(kind, macOf(3), pattern(2 * MIB));

      await small.mount("remount,size=16m");
      expect(await client.put(kind, macOf(2), pattern(4 * MIB))).toBe(4 * MIB);
      expect((await read(client, kind, macOf(2))).equals(pattern(4 * MIB))).toBe(true);
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "stores each of many concurrent puts completely or not at all",
    async () => {
      const small = await disks.make("size=3m");
      const { client, view } = await storageOn(small);
      await client.create(CONFIG);
      const numbers = Array.from({ length: 30 }, (_, i) => i);
      const results = await Promise.allSettled(
        numbers.map((i) => client.put("packfile", macOf(i), pattern(300_000, i))),
      );
      const kept = numbers.filter((i) => results[i]?.status === "fulfilled");
      // There is room for at most ten.
      expect(kept.length).toBeLessThan(11);
      for (const result of results) if (result.status === "rejected") expect(String(result.reason)).toContain(NO_SPACE);
      expect(await listed(client, "packfile")).toEqual(kept.map((i) => macOf(i).hex).sort());
      for (const i of kept) expect((await read(client, "packfile", macOf(i))).equals(pattern(300_000, i))).toBe(true);
      expect(await unfinishedBelow(view)).toEqual([]);
      // Deleting must work on a full disk.
      for (const i of kept) await client.delete("packfile", macOf(i));
      expect(await client.put("packfile", macOf(99), pattern(2 * MIB))).toBe(2 * MIB);
    },
    TEST_TIMEOUT_MS,
  );

  it.each([
    ["there are too few inodes", "nr_inodes=100", undefined, "mkdir"],
    ["there is no room for its configuration", "size=1m", MIB, "write"],
  ])(
    "is not made if %s, and leaves an empty directory",
    async (_, options, filling, call) => {
      const small = await disks.make(options);
      const filler = join(small.view, "filler");
      if (filling !== undefined) await writeFile(filler, Buffer.alloc(filling - 8192, 1));
      const { client, root, view } = await storageOn(small);
      const failure = await failureOf(client.create(pattern(20_000)));
      expect(failure).toContain(`${NO_SPACE}, ${call} '${root}/`);
      expect(await readdir(view)).toEqual([]);
      expect(await failureOf(client.open())).toContain("there is no repository in");

      if (filling === undefined) await small.mount("remount,nr_inodes=10000");
      else await rm(filler);
      await client.create(pattern(20_000));
      expect(Buffer.from(await client.open()).equals(pattern(20_000))).toBe(true);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "names a resource above the size limit of the process",
    async () => {
      const root = join(disks.scratch.path, "repository");
      const { client, stop } = await storageOf({ generation, path: root, surroundings: limited({ blocks: 2048 }) });
      await client.create(CONFIG);
      const failure = await failureOf(client.put("packfile", macOf(1), pattern(4 * MIB)));
      expect(failure).toBe(`EFBIG: file too large, write '${pathOf(root, "packfile", macOf(1))}'`);
      expect(await listed(client, "packfile")).toEqual([]);
      expect(await unfinishedBelow(root)).toEqual([]);
      expect(await client.put("packfile", macOf(1), pattern(100_000))).toBe(100_000);
      // The limit also raises a signal, which ends other programs.
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "fails a put that cannot be synced, and does not list the resource",
    async () => {
      const root = join(disks.scratch.path, "repository");
      const made = await storageOf({ generation, path: root });
      await made.client.create(CONFIG);
      await made.client.put("state", macOf(1), pattern(1000));
      // In the real process, Node's own call is replaced to fail as on a broken disk.
      const preload = join(disks.scratch.path, "preload.mjs");
      await writeFile(
        preload,
        `import fs from "node:fs";
      fs.fdatasync = (fd, done) => { done(Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" })); };`,
      );
      const { client } = await storageOf({ generation, path: root, preload });
      for (const mac of [macOf(1), macOf(2)]) {
        const failure = await failureOf(client.put("state", mac, pattern(2000)));
        expect(failure).toBe(`EIO: i/o error, fdatasync '${pathOf(root, "state", mac)}'`);
      }
      expect(await listed(client, "state")).toEqual([macOf(1).hex]);
      expect((await readFile(pathOf(root, "state", macOf(1)))).equals(pattern(1000))).toBe(true);
      expect(await unfinishedBelow(root)).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );
});
