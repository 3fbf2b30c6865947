import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { backup } from "@kloset/host";
import { endConnectorsAfterEach, GENERATIONS, importerOf, TEST_TIMEOUT_MS } from "./testing/connectors.js";
import { smallDisksOfEach } from "./testing/small-disks.js";

describe.each(GENERATIONS)("a time outside the range of a record, on %s", (generation) => {
  endConnectorsAfterEach();
  const disks = smallDisksOfEach();

  it(
    "does not exclude the file from the backup",
    async () => {
      const { path, view, surroundings } = await disks.make("size=4m");
      for (const [name, seconds] of [
        ["far", "300000000000"],
        ["old", "-70000000000"],
        ["now", "1700000000"],
      ] as const) {
        await writeFile(join(view, name), `content of ${name}`);
        await utimes(join(view, name), seconds, seconds);
      }
      const { client } = await importerOf({ generation, path, surroundings });
      const found: Record<string, unknown> = {};
      await backup(client, {
        record: async ({ pathname, fileInfo }, content) => {
          const chunks: Uint8Array[] = [];
          for await (const chunk of content ?? []) chunks.push(chunk);
          if (pathname.startsWith(`${path}/`)) {
            found[pathname.slice(path.length + 1)] = [String(fileInfo?.modTime), Buffer.concat(chunks).toString()];
          }
        },
        error: (_, error) => {
          throw error;
        },
      });
      expect(found).toEqual({
        far: ["253402300799999999999", "content of far"],
        old: ["-62135596800000000000", "content of old"],
        now: ["1700000000000000000", "content of now"],
      });
    },
    TEST_TIMEOUT_MS,
  );
});
