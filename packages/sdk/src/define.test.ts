/** Definitions: as a test uses them, in a real process, and what they add to a bundle. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { jsonSchemaOf, option, secretsOf } from "@kloset/config";
import type { ConnectorContext, HostOptions } from "@kloset/model";
import { build } from "esbuild";
import { defineExporter, defineImporter, defineStorage, run, type Connectors, type Importer } from "./index.js";
import { contentOf } from "./testing/read.js";
import { endFixturesAfterEach, fixturePath, generations, startFixture, startImporter } from "./testing/fixture.js";
import { openImporter } from "@kloset/host";

endFixturesAfterEach();

const importer: Importer = {
  origin: () => "here",
  type: () => "test",
  root: () => "/",
  scan: () => [],
  close: () => undefined,
};

const options: HostOptions = {
  hostname: "h",
  os: "linux",
  arch: "amd64",
  cwd: "/",
  maxConcurrency: 1,
  excludes: [],
  noXattr: false,
};

function context(config: Record<string, string>): ConnectorContext {
  const location = "test:///";
  return { location, config: { location, ...config }, options, protocol: "test", signal: new AbortController().signal };
}

describe("defineImporter", () => {
  it("gives connect the parsed configuration, with its types", async () => {
    const seen: unknown[] = [];
    const defined = defineImporter({
      config: { count: option.integer({ default: 3 }), since: option.date().optional() },
      connect({ config, location, protocol, log }) {
        // Compiles only if the types are inferred.
        const typed: { count: number; since: Date | undefined } = config;
        seen.push(typed, location, protocol, typeof log.warn);
        return importer;
      },
    });
    expect(await defined.factory(context({ count: "7" }))).toBe(importer);
    expect(seen).toEqual([{ count: 7, since: undefined }, "test:///", "test", "function"]);
    await expect(defined.factory(context({ conut: "7" }))).rejects.toThrow('did you mean "count"?');
  });

  it("can be inspected without running anything", () => {
    const defined = defineImporter({
      config: { token: option.secret() },
      connect: () => {
        throw new Error("connected");
      },
    });
    expect(defined.kind).toBe("importer");
    expect(secretsOf(defined)).toEqual(["token"]);
    expect(jsonSchemaOf(defined)).toMatchObject({ required: ["location", "token"] });
  });

  it("rejects every key if no options are declared", async () => {
    const defined = defineImporter({ connect: () => importer });
    expect(await defined.factory(context({}))).toBe(importer);
    await expect(defined.factory(context({ a: "1" }))).rejects.toThrow("the plugin has no options");
  });
});

describe("run", () => {
  it("rejects what is not a definition", async () => {
    for (const wrong of [undefined, null, () => importer, { kind: "importer", factory: () => importer }])
      await expect(run(wrong as never)).rejects.toThrow("pass the default export of the plugin's module");
  });

  it("leaves several connectors to runPlugin", () => {
    const importing = defineImporter({ connect: () => importer });
    const exporting = defineExporter({ connect: () => Promise.reject(new Error("no")) });
    const storing = defineStorage({ connect: () => Promise.reject(new Error("no")) });
    // Compiles: factories of definitions are those of `run…`.
    const connectors: Connectors = {
      importer: importing.factory,
      exporter: exporting.factory,
      storage: storing.factory,
    };
    expect(Object.keys(connectors)).toHaveLength(3);
  });

  describe.each(generations)("in a process, on %s", (generation) => {
    const token = 'to/ken"+1';
    const fixture = "defined-plugin.js";

    it("serves the definition, and lets no secret out", async () => {
      const running = await startImporter(generation, { fixture, config: { token, page_size: "7" } });
      const { client, log, stop } = running;
      const scan = client.scan();
      const text = 'GET https://example.org/?token=***: 401, page of 7, {"token":"***"}';
      for await (const record of scan) {
        if (record.pathname === "/bad") await expect(contentOf(client, "/bad")).rejects.toThrow(text);
        await scan.acknowledge(record);
      }
      await scan.finish();
      await client.close();
      await log.waitFor("late: ");
      await stop();
      expect(log.lines("error: console")).toEqual(["error: console: https://example.org/?token=***"]);
      expect(log.lines("warn: log")).toEqual([
        'warn: log url="https://example.org/?token=***"',
        'warn: log url="https://example.org/?token=***" (… 2 more)',
      ]);
      expect(log.text).toContain("late: ***");
      expect(log.text).not.toMatch(/connecting|to\/ken|to%2Fken/i);
    });

    it("rejects an invalid configuration, naming every problem but no secret", async () => {
      const { connection, stop } = await startFixture(generation, { fixture });
      const config = { token: "", page_size: "ten", tokne: "hush-hush" };
      await expect(openImporter(connection, { location: "x:///", config })).rejects.toThrow(
        'config key "token": expected a text that is not empty, got ***; ' +
          'config key "page_size": expected an integer from 1 to 1000, got "ten"; ' +
          'config key "tokne" is unknown: did you mean "token"?',
      );
      await stop();
    });
  });
});

describe("the schema library", () => {
  const folder = mkdtempSync(join(tmpdir(), "kloset-define-"));
  const top = fileURLToPath(new URL("../../../", import.meta.url));

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Bundles a module, and returns the files of which something is in the bundle. */
  async function bundled(name: string, text: string): Promise<string> {
    const { metafile } = await build({
      stdin: { contents: text, resolveDir: top, sourcefile: name },
      bundle: true,
      write: false,
      platform: "node",
      format: "esm",
      metafile: true,
      logLevel: "silent",
      external: ["@kloset/sdk/reference"],
    });
    return Object.values(metafile.outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []))
      .join("\n");
  }

  it("is not in the bundle of a plugin without options", async () => {
    const plain = await bundled(
      "plain.js",
      `import { runImporter } from "@kloset/sdk"; await runImporter(() => ({}));`,
    );
    expect(plain).toContain("packages/sdk/dist/run.js");
    expect(plain).not.toMatch(/valibot|levenshtein|packages\/config/);
    const defined = await bundled(
      "defined.js",
      `import { defineImporter, run } from "@kloset/sdk"; await run(defineImporter({ connect: () => ({}) }));`,
    );
    expect(defined).toContain("packages/config/dist/parse.js");
    expect(defined).not.toContain("valibot");
    expect(defined).not.toMatch(/packages\/(?:exporter|storage|secret-provider|inventory)\//);
    expect(defined).not.toMatch(/model\/dist\/inventory|(?:secret_provider|inventory)_/);
  });

  it("is in the bundle of a plugin with options", async () => {
    const text = readFileSync(fixturePath("defined-importer.js"), "utf8");
    expect(await bundled("options.js", text)).toContain("valibot");
  });
});

it("types a key of the host's strings as one that may be missing", () => {
  const mayBeMissing: undefined extends ConnectorContext["config"][string] ? true : false = true;
  expect(mayBeMissing).toBe(true);
});
