import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { PluginConnection, startImporter as startHostsImporter, type ImporterClient } from "@kloset/host";
import { build, type Plugin } from "esbuild";
import { endFixturesAfterEach, fixturePath, generations, startImporter, startProcess } from "./testing/fixture.js";
import { Log } from "./testing/log.js";
import { startMisbehavingImporter } from "./testing/misbehaving.js";
import { contentOf, scanAll } from "./testing/read.js";

endFixturesAfterEach();

const methods = ["console.log", "process.stdout.write", "fs.writeSync", "a child"];
const places = ["the constructor", "scan", "a reader", "the middle of a reader", "close"];

describe.each(generations)("a plugin that prints to standard output, on %s", (generation) => {
  it.each([
    ["noisy-plugin.js", "pipes", ["an import", ...places]],
    ["careless-plugin.js", "pipes", places],
    ["noisy-plugin.js", "socket", ["an import", ...places]],
    ["careless-plugin.js", "socket", places],
  ] as const)("works, with the text on standard error: %s over %s", async (fixture, transport, expected) => {
    const { client, log, stop } = await startImporter(generation, { fixture, transport });
    const scan = client.scan();
    const records: string[] = [];
    for await (const record of scan) {
      records.push(record.pathname);
      if (record.pathname === "/a") expect((await contentOf(client, "/a")).toString()).toBe("abcd");
      await scan.acknowledge(record);
    }
    await scan.finish();
    await client.close();
    expect(records).toEqual(["/", "/a"]);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines()).toEqual(
      expect.arrayContaining([
        ...methods.flatMap((method) => expected.map((place) => `${method} in ${place}`)),
        "a slow child in scan",
      ]),
    );
  });

  it("works when it bypasses process.stdout, with the text on standard error where that is a pipe", async () => {
    // Otherwise, the standard error of fixtures is a socket.
    const piped = [
      "-c",
      '{ "$0" "$@" 2>&1 >&3 3>&- | cat >&2; } 3>&1',
      process.execPath,
      fixturePath("misbehaving-plugin.js"),
    ];
    const log = new Log();
    const { client, stop } = await startHostsImporter({
      executable: "sh",
      args: piped,
      generation,
      startTimeoutMs: 60_000,
      stopGraceMs: 60_000,
      stderr: log,
      location: "misbehaving:///",
      config: { prints: "natively" },
    });
    await expectWholeScan(client);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines()).toEqual(
      expect.arrayContaining([
        "a socket on fd 1",
        "a file stream on fd 1",
        "/dev/stdout by its name",
        "a grandchild",
        "a worker",
      ]),
    );
    expect(log.text).not.toContain("failed");
  });

  it("works when it bypasses process.stdout, with a clean connection where standard error is a socket", async () => {
    const { client, log, stop } = await startMisbehavingImporter(generation, { config: { prints: "natively" } });
    await expectWholeScan(client);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines()).toEqual(expect.arrayContaining(["a file stream on fd 1", "a grandchild", "a worker"]));
  });
});

async function expectWholeScan(client: ImporterClient): Promise<void> {
  const { records, error } = await scanAll(client.scan());
  expect(error).toBeUndefined();
  expect(records.at(-1)?.pathname).toBe("/end");
  await client.close();
}

describe("on Windows, where no descriptor can be reopened", () => {
  let folder: string;
  let executable: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "kloset-windows-"));
    executable = join(folder, "noisy-plugin.mjs");
    await build({
      entryPoints: [fixturePath("noisy-plugin.js")],
      outfile: executable,
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["@kloset/sdk/reference"],
      // Keeps the fixture's import that prints.
      ignoreAnnotations: true,
      plugins: [windowsPlatform],
    });
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(generations)("keeps what a plugin prints off the connection, on %s", async (generation) => {
    const { client, log, stop } = await startImporter(generation, { executable: process.execPath, args: [executable] });
    const scan = client.scan();
    for await (const record of scan) {
      if (record.pathname === "/a") expect((await contentOf(client, "/a")).toString()).toBe("abcd");
      await scan.acknowledge(record);
    }
    await scan.finish();
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines()).toEqual(
      expect.arrayContaining([
        ...methods.flatMap((method) => ["an import", ...places].map((place) => `${method} in ${place}`)),
        "a slow child in scan",
      ]),
    );
  });
});

/** Exchanges the platform of a bundle: everything that depends on the operating system is in one file. */
const windowsPlatform: Plugin = {
  name: "windows",
  setup: (bundler) => {
    bundler.onLoad({ filter: /process[\\/]dist[\\/]platform\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source
        .replaceAll("process.platform", '"win32"')
        .replace(/nullDevice = .*/, 'nullDevice = "/dev/null";');
      expect(contents).not.toBe(source);
      return { contents };
    });
  },
};

describe("a plugin without the guard that prints before it runs", () => {
  it("logs the reason and exits with code 2", async () => {
    const { plugin, log } = await startProcess({ fixture: "hasty-plugin.js" });
    await expect(PluginConnection.open(plugin, { generation: "v1.1", startTimeoutMs: 60_000 })).rejects.toThrow();
    expect(await plugin.exited).toEqual({ code: 2, signal: null });
    await log.waitFor("importer: 10 bytes were printed to standard output");
  });
});
