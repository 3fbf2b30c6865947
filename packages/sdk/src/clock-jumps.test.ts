/** Plugins under a clock that jumps by a day, alternately back and forth, each time it is read. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { Mac } from "@kloset/model";
import {
  endFixturesAfterEach,
  fixturePath,
  generations,
  startExporter,
  startImporter,
  startStorage,
} from "./testing/fixture.js";
import { bytesOf, contentOf } from "./testing/read.js";
import { storeOne } from "./testing/store-one.js";

endFixturesAfterEach();

const env = { NODE_OPTIONS: `--import=${pathToFileURL(fixturePath("clock.js")).href}` };
const mac = Mac.fromBytes(new Uint8Array(32).fill(1));
const chunk = Buffer.alloc(1024 * 1024, "x");

describe.each(generations)("on %s, under a clock that jumps", (generation) => {
  it("importer, exporter and storage work", async () => {
    const importer = await startImporter(generation, { env });
    const scan = importer.client.scan();
    for await (const record of scan) {
      if (record.pathname === "/good") expect(String(await contentOf(importer.client, "/good"))).toBe("content");
      await scan.acknowledge(record);
    }
    await scan.finish();
    await importer.client.close();
    expect(await importer.stop()).toEqual({ code: 0, signal: null });

    const exporter = await startExporter(generation, { env });
    await storeOne(exporter.client, generation === "v1.0" ? "/target/file" : "/file", chunk, chunk.length);
    await exporter.client.close();
    expect(await exporter.stop()).toEqual({ code: 0, signal: null });

    const storage = await startStorage(generation, { env });
    await storage.client.put("packfile", mac, chunk);
    expect(Buffer.concat(await bytesOf(storage.client.get("packfile", mac))).equals(chunk)).toBe(true);
    await storage.client.close();
    expect(await storage.stop()).toEqual({ code: 0, signal: null });
  });

  it("Close waits for a running put, because its deadline does not depend on the clock", async () => {
    const { client, log, stop } = await startStorage(generation, { env });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const putting = client.put(
      "packfile",
      mac,
      (async function* () {
        yield chunk;
        await released;
        yield chunk;
      })(),
    );
    await log.waitFor("storing");
    const closing = client.close();
    // A call after Close is answered by a new store, so its answer proves that Close has arrived.
    await client.list("state");
    expect(log.lines("clos")).toEqual([]);
    release();
    expect(await putting).toBe(2 * chunk.length);
    await closing;
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines().filter((line) => /^(?:stored|closed)/.test(line))).toEqual([
      "stored packfile: 2097152",
      "closed",
    ]);
  });

  it("close() may take its time after the host has gone", async () => {
    const { plugin, log, stop } = await startStorage(generation, { env, config: { close: "waits" } });
    const stopping = stop();
    await log.waitFor("closing\n");
    process.kill(plugin.pid, "SIGUSR2");
    expect(await stopping).toEqual({ code: 0, signal: null });
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
  });
});

describe("the sources", () => {
  it("read the clock only for timestamps: of log lines, and to compare with those of files", () => {
    const root = fileURLToPath(new URL("../../../", import.meta.url));
    const files = ["packages", "plugins"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(root, folder, name)),
    );
    const sources = files.filter(
      (file) => /\/src\/.*\.ts$/.test(file) && !/\.test\.ts$|\/testing\/|\/node_modules\//.test(file),
    );
    const looking = sources.filter((file) => /\bDate\.now\b|\bnew Date\(\)/.test(readFileSync(file, "utf8")));
    expect(sources.length).toBeGreaterThan(100);
    expect(looking.map((file) => relative(root, file))).toEqual([
      "packages/log/src/index.ts",
      "plugins/fs/src/fs/remove-leftovers.ts",
    ]);
  });
});
