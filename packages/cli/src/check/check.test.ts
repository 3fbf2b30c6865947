import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { checkManifest, findManifest } from "../manifest/check.js";
import { readManifest } from "../manifest/read.js";
import { MANIFEST_RULES, rulesTable } from "../manifest/rules.js";
import { runCli } from "../program.js";
import type { CheckResult } from "./run.js";

const TOP = fileURLToPath(new URL("../../../../", import.meta.url));
/** Made by `npm run build`. */
const fsBundles = join(TOP, "plugins/fs/dist");
const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  additionalProperties: false,
  required: ["location"],
  properties: { location: { type: "string", pattern: "^notes://" }, depth: { type: "integer" } },
};
const manifest = `name: notes
display_name: Notes
description: Keeps notes
license: ISC
version: v1.2.3
connectors:
  - type: importer
    protocols: [notes]
    validator: ./importer/schema.json
    executable: bin/notes-importer
    extra_files: [icon.png] # for the list
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kloset-check-test-"));
  await mkdir(join(folder, "importer"));
  await mkdir(join(folder, "bin"));
  await writeManifest(manifest);
  await writeFile(join(folder, "importer/schema.json"), JSON.stringify(schema));
  await writeFile(join(folder, "bin/notes-importer"), "#!/usr/bin/env node\n", { mode: 0o755 });
  await writeFile(join(folder, "icon.png"), "");
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function writeManifest(text: string): Promise<void> {
  await writeFile(join(folder, "manifest.yaml"), text);
}

/** Returns the rules that the folder breaks, and the messages. */
async function problems(): Promise<{ rules: string[]; text: string }> {
  const found = await checkManifest(folder);
  return { rules: found.map(({ rule }) => rule), text: found.map(({ message }) => message).join("\n") };
}

/** Runs the command with a terminal in memory. */
async function kloset(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const printed = { out: "", error: "" };
  const terminal = {
    ...{ isTerminal: false, isInteractive: false, columns: 100 },
    out: (text: string) => void (printed.out += text),
    error: (text: string) => void (printed.error += text),
  };
  const code = await runCli(["check", ...args], { terminal, signal: new AbortController().signal });
  return { code, ...printed };
}

describe("checkManifest", () => {
  it("finds nothing in a package that kloset package has written", async () => {
    expect(await checkManifest(fsBundles)).toEqual([]);
  });

  it("finds nothing in a sound package", async () => {
    expect(await checkManifest(folder)).toEqual([]);
  });

  it.each<[string, string, string, string[], string]>([
    ["a missing executable", "bin/notes-importer", "bin/none", ["file-missing"], '"bin/none" does not exist'],
    ["a missing extra file", "icon.png", "none.png", ["file-missing"], "build it, or correct the path"],
    ["a missing validator", "schema.json", "none.json", ["file-missing"], "the validator"],
    ["a file above the folder", "icon.png", "../icon.png", ["file-outside"], "is outside the folder of the manifest"],
    ["the folder itself", "icon.png", ".", ["file-outside"], "is outside"],
    ["an absolute path", "icon.png", "/etc/passwd", ["file-outside"], "make it relative to the manifest"],
    ["a path of Windows", "icon.png", String.raw`C:\icon.png`, ["file-outside"], "make it relative"],
    ["a folder as an extra file", "icon.png", "importer", ["file-directory"], "name its files one by one"],
    ["a folder as the executable", "bin/notes-importer", "bin", ["file-directory"], "the executable"],
    ["a file that is named twice", "icon.png", "icon.png, ./icon.png", ["file-twice"], "name it once"],
    ["the executable as an extra file", "icon.png", "bin/../bin/notes-importer", ["file-twice"], "Plakar 1.0 refuses"],
  ])("finds %s", async (_, value, replacement, rules, message) => {
    await writeManifest(manifest.replace(value, replacement));
    const found = await problems();
    expect(found.rules).toEqual(rules);
    expect(found.text).toContain(message);
  });

  it("finds a file that two connectors name", async () => {
    const second = manifest
      .slice(manifest.indexOf("  - type"))
      .replace("importer", "exporter")
      .replace("[icon.png]", "[]");
    await writeManifest(manifest + second);
    const found = await problems();
    expect(found.rules).toEqual(["file-twice"]);
    expect(found.text).toContain('connector 1 and connector 2 both name "bin/notes-importer"');
  });

  it.each<[string, string | Buffer, string[], string]>([
    ["an empty executable", "", ["format"], "is empty: build it"],
    ["a module without a #! line", "import x from 'y';\n", ["format"], '"#!/usr/bin/env node"'],
    ["a #! line with a carriage return", "#!/usr/bin/env node\r\n", ["format"], "use line feeds"],
    ["a byte order mark", "\ufeff#!/bin/sh\n", ["format"], "byte order mark"],
    ["a #! line without a path", "#!node\n", ["format"], 'got "#!node"'],
    ["an ELF file", Buffer.from("7f454c4602010100", "hex"), [], ""],
    ["a Mach-O file", Buffer.from("cffaedfe07000001", "hex"), [], ""],
    ["a PE file", "MZ\u0090", [], ""],
  ])("judges %s", async (_, content, rules, message) => {
    await writeFile(join(folder, "bin/notes-importer"), content);
    const found = await problems();
    expect(found.rules).toEqual(rules);
    expect(found.text).toContain(message);
  });

  it("accepts an executable for Windows, which hosts look for with its ending", async () => {
    await rm(join(folder, "bin/notes-importer"));
    await writeFile(join(folder, "bin/notes-importer.exe"), "MZ", { mode: 0o644 });
    expect(await problems()).toEqual({ rules: [], text: "" });
  });

  it.each<[string, string, string[], string]>([
    ["text", "{", ["validator-json"], "cannot be used"],
    ["a list", "[]", ["validator-json"], "expected a JSON object"],
    ["a broken type", json({ type: "objekt" }), ["validator-schema"], "must be equal to one of the allowed values"],
    [
      "a broken pattern",
      json({ properties: { location: { type: "string", pattern: "(" } } }),
      ["validator-schema"],
      "regular expression",
    ],
    [
      "another draft",
      json({ $schema: "http://json-schema.org/draft-07/schema#" }),
      ["validator-schema"],
      "draft/2020-12/schema",
    ],
    ["an unknown required key", json({ required: ["location", "user"] }), ["validator-schema"], 'requires "user"'],
    [
      "unknown options",
      json({ additionalProperties: undefined }),
      ["validator-strict"],
      '"additionalProperties": false',
    ],
    ["an optional location", json({ required: [] }), ["validator-strict"], '"required": ["location"]'],
    ["no location", json({ properties: {}, required: [] }), ["validator-strict"], 'has no "location"'],
    ["any location", json({ properties: { location: { type: "string" } } }), ["validator-strict"], 'add a "pattern"'],
    ["no type", json({ type: undefined }), ["validator-form"], '"type": "object"'],
    ["an option without a type", option("depth", {}), ["validator-form"], 'the option "depth" without a type'],
    ["an option that is a list", option("depth", { type: "array" }), ["validator-form"], "values travel as texts"],
    [
      "numbers to choose from",
      option("depth", { type: "integer", enum: [1] }),
      ["validator-form"],
      "forms have texts only",
    ],
    [
      "a key with the name of a secret",
      option("sse_customer_key", { type: "string" }),
      ["secret-name"],
      '"sse_customer_key"',
    ],
    [
      "a secret",
      option("pin", { type: "string", writeOnly: true }),
      ["secret-name"],
      "_token, _password or _access_key",
    ],
    ["a secret in camel case", option("authToken", { type: "string" }), ["secret-name"], '"authToken"'],
    ["a secret that hosts mask", option("api_token", { type: "string", format: "password" }), [], ""],
    ["a public key", option("public_key", { type: "string" }), [], ""],
    ["the path of a key", option("ssl_key", { type: "string", description: "Path of the key" }), [], ""],
  ])("judges a validator with %s", async (_, text, rules, message) => {
    await writeFile(join(folder, "importer/schema.json"), text);
    const found = await problems();
    expect(found.rules).toEqual(rules);
    expect(found.text).toContain(message);
  });

  it("finds manifest.yml, alone or beside manifest.yaml", async () => {
    await writeFile(join(folder, "manifest.yml"), "");
    expect((await problems()).text).toBe("hosts read this file only: remove manifest.yml beside it");
    await rm(join(folder, "manifest.yml"));
    await writeFile(join(folder, "manifest.yml"), manifest);
    await rm(join(folder, "manifest.yaml"));
    expect((await problems()).text).toBe('Plakar needs the name manifest.yaml, got "manifest.yml": rename the file');
  });

  it("names a folder without a manifest, and a target that does not exist", async () => {
    await rm(join(folder, "manifest.yaml"));
    await expect(findManifest(folder)).rejects.toThrow("has no manifest.yaml");
    await expect(checkManifest(join(folder, "nowhere"))).rejects.toThrow("does not exist");
    await expect(readManifest(join(folder, "manifest.yaml"))).rejects.toThrow("cannot read");
  });

  it("compares the manifest with the project", async () => {
    await symlink(join(TOP, "node_modules"), join(folder, "node_modules"));
    const connector = { type: "importer", module: "./importer.ts", protocols: ["notes"], class: "service" };
    await writeFile(
      join(folder, "package.json"),
      JSON.stringify({
        name: "notes",
        version: "1.2.4",
        kloset: { connectors: [connector, { ...connector, type: "storage" }] },
      }),
    );
    await writeFile(
      join(folder, "importer.ts"),
      `import { defineImporter } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";
console.log("author's output");
export default defineImporter({
  config: {
    location: option.string({ pattern: /^notes:\\/\\// }),
    depth: option.integer({ minimum: 1, default: 3 }),
    token: option.secret({ optional: true }),
  },
  connect: () => { throw new Error("never called"); },
});
`,
    );
    const found = await problems();
    expect(found.rules).toEqual(["manifest-differs", "manifest-differs", "manifest-differs", "validator-differs"]);
    expect(found.text).toContain('the version is "v1.2.3", but package.json has "1.2.4"');
    expect(found.text).toContain("package.json has the storage of notes, which the manifest does not have");
    expect(found.text).toContain('"class" is missing, but in package.json it is "service"');
    expect(found.text).toMatch(/differs from the options of \S+importer\.ts at .*properties\.depth\.default/);
    await writeFile(join(folder, "importer.ts"), 'export default {};\nthrow new Error("the author\'s");');
    expect((await problems()).text).toMatch(
      /cannot be compared with the options of its module: cannot import \S+importer\.ts: Error: the author's$/m,
    );
  }, 120_000);
});

describe("readManifest", () => {
  it("reads what Plakar could use, and names the place of the first fault otherwise", async () => {
    const file = join(folder, "manifest.yaml");
    expect(await readManifest(file)).toMatchObject({ name: "notes", connectors: [{ extraFiles: ["icon.png"] }] });
    await writeManifest(manifest.replace("protocols: [notes]", "protocols: notes"));
    await expect(readManifest(file)).rejects.toThrow(`${file}:8:16: connector 1: expected a list for "protocols"`);
    await writeManifest(`${manifest}#${"x".repeat(1024 * 1024)}`);
    await expect(readManifest(file)).rejects.toThrow("expected at most 1048576 bytes");
  });
});

describe("kloset check", () => {
  it("prints the problems with their positions, and exits with 1 for an error", async () => {
    await writeManifest(manifest.replace("version: v1.2.3\n", "").replace("type: importer", "type: source"));
    const { code, out, error } = await kloset(folder);
    const file = join(folder, "manifest.yaml");
    expect(out).toBe(
      `${file}:1:1: warning: add "version", such as v1.0.0: Plakar 1.0 takes the version of the package from the manifest (version-missing)
${file}:6:11: error: connector 1: hosts ignore a connector of the type "source": did you mean "importer"? (connector-type)
${file}: 1 error, 1 warning, 1 of them for --fix
the connectors were not started: --location <protocol>://<rest> checks them, too
`,
    );
    expect({ code, error }).toEqual({ code: 1, error: "" });
  });

  it("exits with 0 for warnings, and with 1 with --strict", async () => {
    await writeManifest(manifest.replace("version: v1.2.3\n", ""));
    expect(await kloset(folder, "--only", "manifest")).toMatchObject({ code: 0 });
    expect(await kloset(folder, "--only", "manifest", "--strict")).toMatchObject({ code: 1 });
  });

  it("escapes control characters", async () => {
    await writeManifest(manifest.replace("license: ISC", String.raw`license: ISC${"\n"}"\e[2Jx": y`));
    const { out } = await kloset(folder);
    expect(out).toContain(String.raw`hosts ignore the key "\u001b[2Jx"`);
    // eslint-disable-next-line no-control-regex -- matches control characters
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it("fixes what is safe, and keeps comments", async () => {
    const faulty = manifest
      .replace("display_name", "displayName")
      .replace("v1.2.3", "1.2.3 # of the package")
      .replace("type: importer", "type: 'Importer'")
      .replace(
        "    extra_files: [icon.png]",
        "    flags: [localfs, LOCALFS]\n    # files\n    extra-files:   [icon.png]",
      );
    await rm(join(folder, "manifest.yaml"));
    await writeFile(join(folder, "manifest.yml"), faulty);
    await chmod(join(folder, "bin/notes-importer"), 0o640);
    const { code, out } = await kloset(folder, "--fix");
    expect(out.match(/: fixed: /g)).toHaveLength(8);
    expect(out).toContain(`${join(folder, "manifest.yaml")}: no problem`);
    expect(code).toBe(0);
    expect(await readdir(folder)).not.toContain("manifest.yml");
    expect(await readFile(join(folder, "manifest.yaml"), "utf8")).toBe(
      manifest
        .replace("v1.2.3", "v1.2.3 # of the package")
        .replace(
          "    extra_files: [icon.png]",
          "    location_flags: [localfs, localfs]\n    # files\n    extra_files:   [icon.png]",
        ),
    );
    expect((await stat(join(folder, "bin/notes-importer"))).mode & 0o777).toBe(0o751);
  });

  it("prints JSON, and nothing else, to standard output", async () => {
    await writeManifest(manifest.replace("[notes]", "[n]"));
    const { code, out, error } = await kloset(folder, "--json");
    expect(JSON.parse(out)).toEqual({
      ok: false,
      file: join(folder, "manifest.yaml"),
      project: null,
      problems: [expect.objectContaining({ rule: "protocol", level: "error", line: 8, column: 17 })],
      fixed: [],
      conformance: null,
    });
    expect(error).toContain("1 error, 0 warnings");
    expect(code).toBe(1);
  });

  it.each([
    [["--only", "conformance"], "--only conformance needs --location"],
    [["--junit", "x.xml"], "--junit writes the report of the conformance kit"],
    [["--location", "notes"], "expected <protocol>://<rest>, or <type>=<protocol>://<rest>"],
    [["--location", "other://x"], 'has the protocol of "other://x": expected one of notes'],
    [["--location", "storage=notes://x"], "no storage has"],
    [["--location", "notes://x", "--rule", "nothing"], 'starts with "nothing"'],
    [["--location", "notes://x", "--known", "/nowhere/known.json"], "/nowhere/known.json: "],
    [["--location", "notes://x", "--generation", "v2"], "Allowed choices are v1.0, v1.1"],
    [["--location", "notes://x", "--junit", "/nowhere/x.xml"], "cannot write the report"],
    [["--timeout", "0"], "expected a number of seconds above 0"],
  ])("exits with 2 for %j, and checks nothing", async (args, message) => {
    const { code, out, error } = await kloset(folder, ...args);
    expect(error).toContain(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });

  it("does not start the connectors of a manifest that cannot be read", async () => {
    await writeManifest("name: [");
    const { code, out } = await kloset(folder, "--location", "notes://x");
    expect(out).toContain("the connectors were not started: correct the manifest first");
    expect(code).toBe(1);
    expect(await kloset(folder, "--location", "notes://x", "--only", "conformance")).toMatchObject({
      code: 1,
      out: "",
    });
  });

  it("names a connector that does not start", async () => {
    await writeFile(join(folder, "bin/notes-importer"), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    const { code, out } = await kloset(folder, "--location", "notes://x", "--only", "manifest");
    expect(out).toMatch(
      /:10:17: error: connector 1, the importer, cannot be opened at "notes:\/\/x": .*code 3.* \(init-failed\)/,
    );
    expect(code).toBe(1);
  });

  it("checks one generation only, and accepts known deviations", async () => {
    const known = join(folder, "known.json");
    await writeFile(known, JSON.stringify([{ rule: "process.exits.unused", reason: "for this test" }]));
    await symlink(join(fsBundles, "tsfs-importer.cjs"), join(folder, "importer.cjs"));
    await writeManifest(
      manifest
        .replace("[notes]", "[tsfs]")
        .replace("bin/notes-importer", "importer.cjs")
        .replace("    validator", "    # "),
    );
    const args = ["--location", "tsfs://{directory}", "--only", "conformance", "--rule", "process.exits.unused"];
    const { out } = await kloset(folder, ...args, "--generation", "v1.0", "--known", known, "--json");
    const { conformance } = JSON.parse(out) as CheckResult;
    // The plugin keeps the rule, so the list is stale.
    expect(conformance?.flatMap(({ outcomes }) => outcomes)).toMatchObject([
      { generation: "v1.0", rule: "process.exits.unused", verdict: "stale" },
    ]);
  }, 240_000);

  it("leaves out the connectors that no chosen rule applies to", async () => {
    for (const type of ["importer", "storage"])
      await symlink(join(fsBundles, `tsfs-${type}.cjs`), join(folder, `tsfs-${type}.cjs`));
    await writeManifest(`name: tsfs
connectors:
  - { type: importer, protocols: [tsfs], executable: tsfs-importer.cjs }
  - { type: storage, protocols: [tsfs], executable: tsfs-storage.cjs }
`);
    const args = ["--location", "tsfs://{directory}", "--only", "conformance", "--rule", "storage.put", "--json"];
    const { code, out, error } = await kloset(folder, ...args);
    const { conformance } = JSON.parse(out) as CheckResult;
    expect(conformance?.map(({ subject }) => subject.connector)).toEqual(["storage"]);
    expect(error).not.toContain("no rule was checked");
    expect(code).toBe(0);
  }, 240_000);

  it("compares the flags with the answer to Init, and runs the kit on each connector", async () => {
    const junit = join(folder, "junit.xml");
    const text = `name: tsfs
display_name: a
description: b
license: c
version: v1.0.0
connectors:
  - { type: importer, protocols: [tsfs], executable: tsfs-importer.cjs, location_flags: [localfs, stream] }
  - { type: exporter, protocols: [tsfs], executable: tsfs-exporter.cjs }
  - { type: storage, protocols: [tsfs], executable: tsfs-storage.cjs, location_flags: [localfs] }
`;
    const connectors = ["importer", "exporter", "storage"];
    for (const type of connectors) await symlink(join(fsBundles, `tsfs-${type}.cjs`), join(folder, `tsfs-${type}.cjs`));
    await writeManifest(text);
    const args = ["--location", "tsfs://{directory}", "--rule", "process.exits.unused", "--junit", junit, "--json"];
    const { code, out, error } = await kloset(folder, ...args);
    const result = JSON.parse(out) as CheckResult;
    expect(error).toMatch(
      /:7:73: error: connector 1, the importer, names the location flag stream, but.*\(flags-differ\)/,
    );
    expect(error).toMatch(
      /:8:5: error: connector 2, the exporter, answers the location flag localfs.*\(flags-differ\)/,
    );
    expect(result.conformance?.map(({ ok, subject }) => ({ ok, type: subject.connector }))).toEqual(
      connectors.map((type) => ({ ok: true, type })),
    );
    expect((await readFile(junit, "utf8")).match(/<testsuite name="/g)).toHaveLength(6);
    expect(code).toBe(1);
  }, 240_000);
});

describe("the rules", () => {
  it("are those of the README", async () => {
    const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
    expect(readme).toContain(`\n${rulesTable()}\n`);
  });

  it("have ids in one form", () => {
    for (const id of Object.keys(MANIFEST_RULES)) expect(id).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
  });
});

/** Returns the sound schema with other keys. Undefined removes a key. */
function json(changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...schema, ...changes });
}

/** Returns the sound schema with one option more. */
function option(name: string, property: object): string {
  return json({ properties: { ...schema.properties, [name]: property } });
}
