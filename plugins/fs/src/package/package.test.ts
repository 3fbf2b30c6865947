import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { restore, startExporter } from "@kloset/host";
import { fileInfoOf } from "@kloset/sdk";
import { jsonSchemaOf, markdownOf } from "@kloset/sdk/config";
import exporter from "../exporter/exporter.js";
import importer from "../importer/importer.js";
import storage from "../storage/store.js";
import { loadExtendedAttributes } from "../xattr/xattr.js";
import { field, initRequest, openAttributeRequest, PluginProcess } from "./testing/plugin-process.js";

/** The output of `npm run build`. `npm test` builds first. */
const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));

const CONNECTORS = [
  ["importer", "/importer.Importer/Init"],
  ["exporter", "/plakar.exporter.Exporter/Init"],
  ["storage", "/store.Store/Init"],
] as const;

/** The package.json above the plugin. Node uses it to find the module type of a file. */
const SURROUNDINGS = [
  ["no package.json", undefined],
  ["a package of CommonJS", { type: "commonjs" }],
  ["a package of modules", { type: "module" }],
] as const;

let folder = "";
const started: PluginProcess[] = [];

beforeEach(() => {
  // With characters that have a special meaning in a URL.
  folder = mkdtempSync(join(realpathSync(tmpdir()), "a b#%41-"));
});

afterEach(() => {
  for (const plugin of started.splice(0)) plugin.kill();
  rmSync(folder, { recursive: true });
});

/** Copies the package out of this repository. */
function install(): string {
  const target = join(folder, "plugins/tsfs");
  cpSync(DIST, target, { recursive: true });
  return target;
}

/** Makes a native library one that does not load. */
function spoil(library: string): void {
  writeFileSync(library, "not a library");
}

function start(...args: ConstructorParameters<typeof PluginProcess>): PluginProcess {
  const plugin = new PluginProcess(...args);
  started.push(plugin);
  return plugin;
}

function manifestOf(path: string): { executables: string[]; extraFiles: string[]; text: string } {
  const text = readFileSync(join(path, "manifest.yaml"), "utf8");
  const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? "");
  return {
    executables: all(/ executable: (\S+)$/gm),
    extraFiles: [
      ...all(/ validator: (\S+)$/gm),
      ...all(/ extra_files: \[(.+)\]$/gm).flatMap((files) => files.split(", ")),
    ],
    text,
  };
}

describe("the options", () => {
  it("are in the README as they are declared", () => {
    const readme = readFileSync(join(DIST, "../README.md"), "utf8");
    const tables = readme.match(/^\| option \|[^\n]*\n(?:\|[^\n]*\n)*/gm);
    expect(tables).toEqual([markdownOf(importer), markdownOf(exporter)]);
    expect(storage.config).toBeUndefined();
  });

  it.each([
    ["importer", importer],
    ["exporter", exporter],
    ["storage", storage],
  ])("of the %s are in its validator, with the protocol", (connector, defined) => {
    const validator: unknown = JSON.parse(readFileSync(join(DIST, `tsfs-${connector}-validator.json`), "utf8"));
    const schema = JSON.parse(JSON.stringify(jsonSchemaOf(defined))) as { properties: Record<string, object> };
    schema.properties["location"] = { ...schema.properties["location"], pattern: "^tsfs://" };
    expect(validator).toEqual(schema);
  });
});

describe("the package folder", () => {
  it("contains exactly the files in the manifest", () => {
    const { executables, extraFiles, text } = manifestOf(DIST);
    expect(executables).toHaveLength(3);
    expect(readdirSync(DIST).sort()).toEqual(["manifest.yaml", ...executables, ...extraFiles].sort());
    // Plakar 1.0 refuses a file that is listed twice.
    expect(new Set([...executables, ...extraFiles]).size).toBe(executables.length + extraFiles.length);
    const { version } = JSON.parse(readFileSync(join(DIST, "../package.json"), "utf8")) as { version: string };
    expect(text).toContain(`\nversion: v${version}\n`);
    expect(text).toMatch(/^name: [A-Za-z0-9-]+$/m);
  });

  it.each(CONNECTORS.map(([connector]) => connector))(
    "has an executable for the %s that loads no other file than the reference server",
    (connector) => {
      const path = join(DIST, `tsfs-${connector}.cjs`);
      expect(statSync(path).mode & 0o111).toBe(0o111);
      const text = readFileSync(path, "utf8");
      expect(text.startsWith("#!/usr/bin/env node\n")).toBe(true);
      const imported = [...text.matchAll(/\b(?:require|import)\("([^",]+)"\)/g)].map((match) => match[1] ?? "");
      expect(imported.length).toBeGreaterThan(0);
      const others = imported.filter((id) => !id.startsWith("node:") && !/^[a-z0-9_]+(?:\/promises)?$/.test(id));
      // Loaded only where the environment asks for it.
      expect([...new Set(others)]).toEqual([`./tsfs-${connector}-reference.mjs`]);
      expect(text).toContain(`import("./tsfs-${connector}-reference.mjs")`);
      // Without strict mode, writes to frozen objects would be silently ignored.
      expect(text.split("\n", 2)[1]).toBe('"use strict";');
      // No path of the build machine.
      expect(text).not.toContain(join(DIST, "../../.."));
    },
  );
});

describe("an installed executable", () => {
  it.each(
    CONNECTORS.flatMap(([connector, init]) =>
      SURROUNDINGS.map(([name, content]) => [connector, name, init, content] as const),
    ),
  )("serves the %s below %s", async (connector, _, init, content) => {
    const path = install();
    if (content !== undefined) writeFileSync(join(folder, "package.json"), JSON.stringify(content));
    const location = join(folder, "data");
    mkdirSync(location);
    const plugin = start(join(path, `tsfs-${connector}.cjs`));
    const answer = await plugin.call(init, initRequest(`tsfs://${location}`, connector));
    expect(answer).toMatchObject({ status: "0", text: "" });
    expect(answer.messages[0]?.includes(field(3, location).subarray(3))).toBe(true);
    expect(await plugin.end()).toEqual({ code: 0, stderr: "" });
  });

  it.each(CONNECTORS)(
    "serves the %s with the reference server on request of the environment",
    async (connector, init) => {
      const plugin = start(join(install(), `tsfs-${connector}.cjs`), { KLOSET_SERVER: "connect" });
      const location = join(folder, "data");
      mkdirSync(location);
      expect(await plugin.call(init, initRequest(`tsfs://${location}`, connector))).toMatchObject({
        status: "0",
        text: "",
      });
      expect(await plugin.end()).toEqual({ code: 0, stderr: "" });
    },
  );

  it.each(CONNECTORS.map(([connector]) => connector))("explains what it is when a user starts the %s", (connector) => {
    const { status, stderr } = spawnSync(join(install(), `tsfs-${connector}.cjs`), {
      stdio: ["ignore", "ignore", "pipe"],
    });
    expect(stderr.toString()).toContain("plugin of Plakar");
    expect(status).toBe(2);
  });

  it.each(CONNECTORS)("masks the password of a location in the error of the %s", async (connector, init) => {
    const plugin = start(join(install(), `tsfs-${connector}.cjs`));
    const { text } = await plugin.call(init, initRequest("tsfs://alice:s3cr%65t-word@nas/dir", connector));
    expect(text).toContain('got "tsfs://***@nas/dir"');
    const { stderr } = await plugin.end();
    expect(text + stderr).not.toContain("t-word");
  });

  it("responds with the connector's own error", async () => {
    const plugin = start(join(install(), "tsfs-importer.cjs"));
    const answer = await plugin.call("/importer.Importer/Init", initRequest("tsfs:///does/not/exist"));
    expect(answer).toMatchObject({ status: "2", text: "ENOENT: no such file or directory, lstat '/does/not/exist'" });
    expect((await plugin.end()).code).toBe(0);
  });

  it.each([
    ["sockets", false],
    ["pipes", true],
  ])("keeps printed output out of a connection of two %s", async (_, pipes) => {
    // Prints in the constructor of the importer.
    const preload = join(folder, "preload.cjs");
    writeFileSync(
      preload,
      `const fs = require("node:fs");
      const { lstatSync } = fs;
      fs.lstatSync = (...args) => {
        console.warn("printed");
        process.stdout.write("written\\n");
        fs.writeSync(1, "written to the descriptor\\n");
        require("node:child_process").spawnSync("cat", { stdio: "inherit" });
        return lstatSync(...args);
      };
      require("node:module").syncBuiltinESMExports();`,
    );
    const plugin = start(join(install(), "tsfs-importer.cjs"), { NODE_OPTIONS: `--require "${preload}"` }, pipes);
    const answer = await plugin.call("/importer.Importer/Init", initRequest(`tsfs://${folder}`));
    expect(answer).toMatchObject({ status: "0", text: "" });
    const { code, stderr } = await plugin.end();
    expect(code).toBe(0);
    for (const text of ["printed", "written", "written to the descriptor"]) expect(stderr).toContain(`${text}\n`);
    if (pipes) expect(stderr).toMatch(/exit 0\n$/);
  });

  it("reads extended attributes with the library next to it", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    loadExtendedAttributes()?.set(file, "user.color", Buffer.from("red"));
    const plugin = start(join(install(), "tsfs-importer.cjs"));
    await plugin.call("/importer.Importer/Init", initRequest(`tsfs://${folder}`));
    const answer = await plugin.call("/importer.Importer/Open", openAttributeRequest(file, "user.color"));
    expect(answer).toMatchObject({ status: "0", text: "" });
    expect(answer.messages[0]?.subarray(-3).toString()).toBe("red");
    expect(await plugin.end()).toEqual({ code: 0, stderr: "" });
  });

  it.each([
    ["absent", rmSync],
    ["broken", spoil],
  ])("writes one notice and continues when the library is %s", async (_, damage) => {
    const path = install();
    damage(join(path, "tsfs-importer-xattr.node"));
    const plugin = start(join(path, "tsfs-importer.cjs"));
    expect((await plugin.call("/importer.Importer/Init", initRequest(`tsfs://${folder}`))).status).toBe("0");
    expect(await plugin.end()).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^tsfs: extended attributes are not backed up.*\n$/),
    });
  });
});

describe("the library for times and pipes", () => {
  it.each([
    ["next to the executable", (): void => undefined, 1_000_000_000_123_456_789n],
    ["absent, with which Node's own call sets microseconds or better", rmSync, undefined],
    ["broken, with the same result", spoil, undefined],
  ])("is %s", async (_, damage, expected) => {
    const path = install();
    damage(join(path, "tsfs-exporter-koffi.node"));
    const root = join(folder, "root");
    // Enough for larger pipes.
    const content = randomBytes(4 * 1024 * 1024);
    const { client, stop, plugin } = await startExporter({
      executable: join(path, "tsfs-exporter.cjs"),
      generation: "v1.1",
      location: `tsfs://${root}`,
      stderr: "collect",
    });
    const fileInfo = fileInfoOf({
      name: "f",
      permissions: 0o644,
      size: content.length,
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
      modTime: 1_000_000_000_123_456_789n,
    });
    await restore(client, [{ pathname: "/f", fileInfo, read: () => content }]);
    expect(readFileSync(join(root, "f")).equals(content)).toBe(true);
    const { mtimeNs } = statSync(join(root, "f"), { bigint: true });
    if (process.platform === "linux" && expected !== undefined) expect(mtimeNs).toBe(expected);
    expect(mtimeNs / 1000n).toBe(1_000_000_000_123_456n);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(plugin.stderrText()).toBe("");
  });
});

describe("an executable without .cjs or .mjs", () => {
  it("may exit with 0 without running, which is why the package uses .cjs", () => {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "commonjs" }));
    writeFileSync(join(folder, "plugin"), 'import "node:fs"; process.exit(3);');
    cpSync(join(folder, "plugin"), join(folder, "plugin.mjs"));
    writeFileSync(join(folder, "plugin.cjs"), 'require("node:fs"); process.exit(3);');
    expect(spawnSync(process.execPath, [join(folder, "plugin")]).status).not.toBe(3);
    for (const name of ["plugin.cjs", "plugin.mjs"])
      expect(spawnSync(process.execPath, [join(folder, name)]).status).toBe(3);
  });
});
