import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { backup, type PluginProcess } from "@kloset/host";
import { temporaryName } from "../fs/temporary-name.js";
import { makeScratch, pattern, type Scratch } from "../fs/testing.js";
import {
  endConnectorsAfterEach,
  exporterOf,
  GENERATIONS,
  importerOf,
  TEST_TIMEOUT_MS,
  storageOf,
} from "./testing/connectors.js";
import { directory, file, streamed } from "./testing/entries.js";
import { failureOf, KINDS, listed, macOf, read, unfinishedBelow } from "./testing/resources.js";
import { restored } from "./testing/restoring.js";

const MIB = 1024 * 1024;
const CONTENT = pattern(2 * MIB, 4);

describe.each(GENERATIONS)("a plugin that is killed on %s", (generation) => {
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

  /** Yields the first half, and kills the plugin when it is on disk. */
  async function* killing(plugin: PluginProcess): AsyncGenerator<Uint8Array> {
    yield CONTENT.subarray(0, MIB);
    while ((await unfinishedBelow(root)).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await plugin.kill();
    yield CONTENT.subarray(MIB);
  }

  /** Returns the entries in a backup of the folder. */
  async function namesInBackup(): Promise<string[]> {
    const { client } = await importerOf({ generation, path: root });
    const names: string[] = [];
    await backup(client, {
      record: async ({ pathname }, content) => {
        if (pathname.startsWith(`${root}/`)) names.push(pathname.slice(root.length));
        for await (const chunk of content ?? []) expect(chunk.length).toBeGreaterThan(0);
      },
      error: (_, error) => {
        throw error;
      },
    });
    return names.sort();
  }

  it(
    "in a restore, leaves a file that backups omit and the next restore removes",
    async () => {
      await mkdir(join(root, "d"), { recursive: true });
      await writeFile(join(root, "d", "f"), "old");
      const { client, plugin } = await exporterOf({ generation, path: root });
      const entries = [directory("/"), directory("/d"), streamed("/d/f", CONTENT.length, () => killing(plugin))];
      expect(await failureOf(restored(client, entries))).toContain("SIGKILL");
      expect(await readFile(join(root, "d", "f"), "utf8")).toBe("old");
      expect(await unfinishedBelow(root)).toHaveLength(1);
      expect(await namesInBackup()).toEqual(["/d", "/d/f"]);

      const again = await exporterOf({ generation, path: root });
      const { failures } = await restored(again.client, [directory("/"), directory("/d"), file("/d/f", CONTENT)]);
      expect(failures).toEqual({});
      expect(await again.stop()).toEqual({ code: 0, signal: null });
      expect(await readdir(join(root, "d"))).toEqual(["f"]);
      expect((await readFile(join(root, "d", "f"))).equals(CONTENT)).toBe(true);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "in a restore, does not affect another running restore or the user's files",
    async () => {
      const { client } = await exporterOf({ generation, path: root });
      // The plugin never makes a directory with such a name.
      const own = `/${temporaryName()}`;
      await mkdir(join(root, own), { recursive: true });
      await writeFile(join(root, own, "f"), "mine");
      await symlink("nowhere", join(root, ".tsfs-"));
      const gate: { open?: () => void } = {};
      const opened = new Promise<void>((resolve) => (gate.open = resolve));
      const first = restored(client, [
        directory("/"),
        streamed("/f", CONTENT.length, async function* () {
          yield CONTENT.subarray(0, MIB);
          await opened;
          yield CONTENT.subarray(MIB);
        }),
      ]);
      while ((await unfinishedBelow(root)).length < 2) await new Promise((resolve) => setImmediate(resolve));
      const other = await exporterOf({ generation, path: root });
      expect((await restored(other.client, [directory("/"), file("/g", "other")])).failures).toEqual({});
      gate.open?.();
      expect((await first).failures).toEqual({});
      expect((await readFile(join(root, "f"))).equals(CONTENT)).toBe(true);
      expect(await readFile(join(root, own, "f"), "utf8")).toBe("mine");
      expect(await namesInBackup()).toEqual([own, `${own}/f`, "/.tsfs-", "/f", "/g"].sort());
    },
    TEST_TIMEOUT_MS,
  );

  it.each(KINDS)(
    "in a put of a %s, leaves a file that is not listed and that the next run removes",
    async (kind) => {
      const { client, plugin } = await storageOf({ generation, path: root });
      await client.create(Buffer.from("config"));
      await client.put(kind, macOf(1), pattern(1000));
      // Replaces an existing resource.
      expect(await failureOf(client.put(kind, macOf(1), killing(plugin)))).toContain("SIGKILL");
      expect(await unfinishedBelow(root)).toHaveLength(1);
      const [left] = await unfinishedBelow(root);

      const next = await storageOf({ generation, path: root });
      expect(await listed(next.client, kind)).toEqual([macOf(1).hex]);
      expect((await read(next.client, kind, macOf(1))).equals(pattern(1000))).toBe(true);
      expect(await unfinishedBelow(root)).toEqual([left]);
      expect(Buffer.from(await next.client.open()).toString()).toBe("config");
      expect(await unfinishedBelow(root)).toEqual([]);
      await next.client.put(kind, macOf(2), CONTENT);
      expect(await listed(next.client, kind)).toEqual([macOf(1).hex, macOf(2).hex].sort());
      expect(await next.stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );

  it.each([
    ["its first folder", "mkdir", "/packfiles"],
    ["half of its folders", "mkdir", "/states/10"],
    ["its configuration, which has no name yet", "rename", "/CONFIG"],
  ])(
    "in create, after %s, leaves a directory that the next create accepts",
    async (_, call, path) => {
      // In the real process, a call of Node's never returns, so that the plugin is killed exactly there.
      const preload = join(scratch.path, "preload.mjs");
      const stopped = join(scratch.path, "stopped");
      await writeFile(
        preload,
        `import fs from "node:fs";
      const { writeFileSync, promises } = fs;
      const isHere = (paths) => paths.some((path) => typeof path === "string" && path.endsWith(${JSON.stringify(path)}));
      const isDone = "${call}" !== "rename";
      const stop = () => writeFileSync(${JSON.stringify(stopped)}, "");
      const { ${call}: call, ${call}Sync: callSync } = fs;
      const { ${call}: pooled } = promises;
      promises.${call} = async (...args) => {
        if (!isHere(args) || isDone) await pooled(...args);
        if (!isHere(args)) return;
        stop();
        await new Promise(() => undefined);
      };
      fs.${call} = (...args) => {
        if (!isHere(args)) return call(...args);
        if (isDone) callSync(...args.slice(0, -1));
        stop();
      };
      fs.${call}Sync = (...args) => {
        if (!isHere(args) || isDone) callSync(...args);
        if (!isHere(args)) return;
        stop();
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      };`,
      );
      const { client, plugin } = await storageOf({ generation, path: root, preload });
      const created = failureOf(client.create(Buffer.from("config")));
      while (!(await readdir(scratch.path)).includes("stopped")) await new Promise((resolve) => setImmediate(resolve));

      // Another create must not start while the process is alive.
      const next = await storageOf({ generation, path: root });
      expect(await failureOf(next.client.create(Buffer.from("other")))).toContain(`directory ${root} is not empty`);
      await plugin.kill();
      expect(await created).toContain("SIGKILL");
      expect(await failureOf(next.client.open())).toContain("there is no repository in");

      await next.client.create(Buffer.from("other"));
      expect(Buffer.from(await next.client.open()).toString()).toBe("other");
      expect((await readdir(root)).sort()).toEqual(["CONFIG", "locks", "packfiles", "states"]);
      expect((await readdir(join(root, "states"))).length).toBe(256);
      expect(await next.stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );
});
