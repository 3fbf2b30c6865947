import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { endConnectorsAfterEach, exporterOf, GENERATIONS, TEST_TIMEOUT_MS } from "./testing/connectors.js";
import { directory, file, symlink } from "./testing/entries.js";
import { failureOf } from "./testing/resources.js";
import { restored } from "./testing/restoring.js";
import { smallDisksOfEach } from "./testing/small-disks.js";

describe.each(GENERATIONS)("a restore on %s to a read-only disk", (generation) => {
  endConnectorsAfterEach();
  const disks = smallDisksOfEach();

  it(
    "reports EROFS at Init or for each file",
    async () => {
      const disk = await disks.make("size=4m");
      const { path, surroundings } = disk;
      const target = join(path, "root");
      const entries = [directory("/"), file("/f", "1"), symlink("/l", "f")];
      const { client } = await exporterOf({ generation, path: target, surroundings });
      expect((await restored(client, entries)).failures).toEqual({});
      await disk.mount("remount,ro");
      const missing = exporterOf({ generation, path: join(path, "none"), surroundings });
      expect(await failureOf(missing)).toBe(`EROFS: read-only file system, mkdir '${join(path, "none")}'`);
      const again = await exporterOf({ generation, path: target, surroundings });
      const { failures } = await restored(again.client, entries);
      expect(failures["/f"]).toBe(`EROFS: read-only file system, open '${join(target, "f")}'`);
      expect(failures["/l"]).toContain("EROFS: read-only file system, symlink");
      expect(failures["/l"]).toContain(`'${join(target, "l")}'`);
      expect(await again.stop()).toEqual({ code: 0, signal: null });
      expect(await readFile(join(disk.view, "root/f"), "utf8")).toBe("1");
    },
    TEST_TIMEOUT_MS,
  );
});
