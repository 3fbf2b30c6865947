import { chmod, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ImporterClient, PluginProcess, ScannedRecord } from "@kloset/host";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { endConnectorsAfterEach, GENERATIONS, importerOf, TEST_TIMEOUT_MS } from "./testing/connectors.js";
import { failureOf } from "./testing/resources.js";
import { boundByPermissions } from "./testing/surroundings.js";

/** Number of links with long targets: more than both sides buffer, so that the plugin waits for the host. */
const MANY = 3000;
const TARGET = "t".repeat(4000);
const GATE = "zz-late";

describe.each(GENERATIONS)("a directory that changes while it is scanned on %s", (generation) => {
  let scratch: Scratch;
  let root: string;
  endConnectorsAfterEach();
  let many: Scratch;
  beforeAll(async () => {
    many = await makeScratch();
    for (let i = 0; i < MANY; i += 500) {
      const batch = Array.from({ length: 500 }, (_, j) => join(many.path, String(i + j)));
      await Promise.all(batch.map((name) => symlink(TARGET, name)));
    }
  }, TEST_TIMEOUT_MS);
  afterAll(() => {
    many.remove();
  });
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "source");
    await mkdir(root);
    await rename(many.path, join(root, "a-many"));
    await mkdir(join(root, GATE, "inner"), { recursive: true });
    await writeFile(join(root, GATE, "inner", "f"), "inside");
    await mkdir(join(scratch.path, "outside", "inner"), { recursive: true });
    for (const name of ["inner/f", "secret", "inner/secret"])
      await writeFile(join(scratch.path, "outside", name), "outside");
  });
  afterEach(async () => {
    const moved = join(scratch.path, "moved", "a-many");
    await rename(moved, many.path).catch(() => rename(join(root, "a-many"), many.path));
    scratch.remove();
  });

  /** Scans, and makes a change after the late directory was yielded and long before the plugin reads it. */
  async function scanned(change: () => Promise<unknown>): Promise<{
    client: ImporterClient;
    plugin: PluginProcess;
    records: ScannedRecord[];
    stop: () => Promise<unknown>;
  }> {
    const { client, plugin, stop } = await importerOf({ generation, path: root, surroundings: boundByPermissions() });
    const scan = client.scan();
    const records: ScannedRecord[] = [];
    let changed = false;
    for await (const record of scan) {
      await scan.acknowledge(record);
      if (record.pathname === join(root, GATE) && !changed) {
        changed = true;
        await change();
      }
      if (dirname(record.pathname) !== join(root, "a-many")) records.push(record);
    }
    await scan.finish();
    expect(changed).toBe(true);
    return { client, plugin, records, stop };
  }

  function below(records: readonly ScannedRecord[]): string[] {
    return records
      .filter(({ pathname }) => pathname.startsWith(`${root}/${GATE}`))
      .map(({ pathname, error }) => `${pathname.slice(root.length + 1)}${error === undefined ? "" : `: ${error}`}`);
  }

  it.each([
    ["itself", GATE, "outside"],
    ["above", ".", "outside-tree"],
  ])(
    "is reported if a link has replaced it (%s), and the scan stays in the source",
    async (_, replaced, target) => {
      await mkdir(join(scratch.path, "outside-tree"));
      await rename(join(scratch.path, "outside"), join(scratch.path, "outside-tree", GATE));
      await symlink(join("outside-tree", GATE), join(scratch.path, "outside"));
      const place = join(root, replaced);
      const { client, records, stop } = await scanned(async () => {
        await rename(place, join(scratch.path, "moved"));
        await symlink(join(scratch.path, target), place);
      });
      const late = below(records);
      expect(late).toHaveLength(2);
      expect(late[1]).toMatch(new RegExp(`^${GATE}: .*'${join(root, GATE)}'$`));
      expect(records.some(({ pathname }) => pathname.includes("secret"))).toBe(false);
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "is not read through a link that has replaced it after the scan",
    async () => {
      const { client, records, stop } = await scanned(() => Promise.resolve());
      const path = join(root, GATE, "inner", "f");
      const record = records.find(({ pathname }) => pathname === path);
      if (record === undefined) throw new Error("the file was not scanned");
      await rename(join(root, GATE), join(scratch.path, "moved"));
      await symlink(join(scratch.path, "outside"), join(root, GATE));
      const content = (async () => {
        for await (const chunk of client.open(record)) throw new Error(`read: ${Buffer.from(chunk).toString()}`);
      })();
      expect(await failureOf(content)).toContain(`'${path}'`);
      expect(await failureOf(content)).not.toContain("read:");
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "is left empty if it is deleted, with a count on stderr",
    async () => {
      const { client, plugin, records, stop } = await scanned(() => rm(join(root, GATE), { recursive: true }));
      expect(below(records)).toEqual([GATE]);
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
      expect(plugin.stderrText()).toBe("tsfs: entries left out because they were removed during the scan: 1\n");
    },
    TEST_TIMEOUT_MS,
  );

  it.each<[string, (path: string) => Promise<unknown>, string]>([
    ["closed to the user", (path) => chmod(path, 0), "EACCES: permission denied"],
    [
      "replaced by a file",
      (path) => rm(path, { recursive: true }).then(() => writeFile(path, "")),
      "ENOTDIR: not a directory",
    ],
  ])(
    "is reported if it is %s, and the scan continues",
    async (_, change, text) => {
      await mkdir(join(root, "zzz"));
      await writeFile(join(root, "zzz", "last"), "");
      const { client, records, stop } = await scanned(() => change(join(root, GATE)));
      const [seen, failed, ...more] = below(records);
      expect([seen, more]).toEqual([GATE, []]);
      expect(failed).toContain(`${GATE}: ${text}`);
      expect(failed).toContain(`'${join(root, GATE)}'`);
      expect(records.at(-1)?.pathname).toBe(join(root, "zzz", "last"));
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );
});
