import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createNewCommand } from "../commands/new.js";
import { runCli } from "../program.js";
import { readProject } from "../project.js";
import type { Terminal } from "../terminal.js";
import { ownVersion } from "../version.js";
import { NEW_KINDS } from "./kinds.js";
import { pluginNames } from "./names.js";

const exec = promisify(execFile);
const nodeModules = join(dirname(fileURLToPath(import.meta.url)), "../../../../node_modules");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kloset-new-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const signal = new AbortController().signal;

function terminal(isInteractive = false): Terminal & { text: string; errors: string } {
  const terminal = {
    text: "",
    errors: "",
    out: (text: string) => void (terminal.text += text),
    error: (text: string) => void (terminal.errors += text),
    isTerminal: isInteractive,
    isInteractive,
    columns: 80,
  };
  return terminal;
}

async function run(...args: string[]): Promise<{ code: number; text: string; errors: string }> {
  const output = terminal();
  const code = await runCli(["new", ...args], { terminal: output, signal });
  return { code, text: output.text, errors: output.errors };
}

const ALL_KINDS = NEW_KINDS.map(({ module }) => `--${module}`);

describe("pluginNames", () => {
  it("returns the names that follow", () => {
    expect(pluginNames("my-notes2")).toEqual({ name: "my-notes2", packageName: "kloset-plugin-my-notes2" });
  });

  it.each([
    ["", "expected at least one character"],
    ["my_notes", 'expected letters, digits and hyphens, got "_"; Plakar rejects other package names'],
    ["@me/notes", 'expected letters, digits and hyphens, got "@", "/"; Plakar rejects other package names'],
    ["../x", 'expected letters, digits and hyphens, got ".", "/"; Plakar rejects other package names'],
    ["Notes", "expected small letters; npm rejects capital letters in package names"],
    ["9lives", "expected a letter at the start; the name is the protocol of URLs"],
    ["-notes", "expected a letter at the start; the name is the protocol of URLs"],
    ["con", "Windows reserves it for a device"],
    ["lpt1", "Windows reserves it for a device"],
    ["fs", "Plakar's own connectors use this protocol"],
    ["stream", "npm rejects the package name: stream is a core module name"],
    ["x".repeat(201), "expected at most 200 characters, got 201"],
  ])("rejects %j", (name, rule) => {
    expect(() => pluginNames(name)).toThrow(`name ${JSON.stringify(name)}: ${rule}`);
  });
});

describe("kloset new", () => {
  it("writes a project of every kind, which compiles and passes its tests at once", async () => {
    const directory = join(folder, "project");
    const { code, text, errors } = await run("notes", ...ALL_KINDS, "--directory", directory);
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(text).toContain(`files in ${directory}`);

    const project = await readProject(directory);
    expect(project.name).toBe("notes");
    expect(project.connectors.map(({ type }) => type)).toEqual(NEW_KINDS.map(({ type }) => type));
    for (const { protocols } of project.connectors) expect(protocols).toEqual(["notes"]);
    for (const file of readdirSync(directory, { recursive: true, withFileTypes: true }))
      if (file.isFile()) expect(readFileSync(join(file.parentPath, file.name), "utf8")).not.toContain("my-plugin");

    symlinkSync(nodeModules, join(directory, "node_modules"));
    const tsc = join(nodeModules, "typescript-native/bin/tsc");
    await exec(process.execPath, [tsc, "-p", directory]);
    // Names of several words: all but "conforms", which waits on purpose and is run by a slow test.
    const specs = readdirSync(join(directory, "dist")).filter((name) => name.endsWith(".spec.js"));
    const args = ["--test", "--test-name-pattern= ", ...specs.map((name) => join("dist", name))];
    // NODE_OPTIONS of Jest would load its modules.
    const { stdout } = await exec(process.execPath, args, {
      cwd: directory,
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    expect(stdout).toMatch(/^# pass [1-9]\d*$/m);
    expect(stdout).toMatch(/^# fail 0$/m);

    // `kloset package` writes the tables between these lines.
    const readme = readFileSync(join(directory, "README.md"), "utf8");
    for (const { type, module } of NEW_KINDS) {
      const print = `import c from "./dist/${module}.js"; import { markdownOf } from "@kloset/sdk/config"; console.log(markdownOf(c));`;
      const table = await exec(process.execPath, ["--input-type=module", "--eval", print], { cwd: directory });
      expect(readme).toContain(`<!-- kloset options: ${type} -->\n${table.stdout.trim()}\n<!-- /kloset options -->\n`);
    }
  });

  it.each([
    [{ GOOS: "linux", GOARCH: "amd64" }, ["--target", "linux-x64"], "linux-x64"],
    [{ GOOS: "windows", GOARCH: "arm64", EXT: ".exe" }, ["--target", "win32-arm64"], "win32-arm64"],
    [{ GOOS: "freebsd", GOARCH: "amd64" }, [], ""],
    [{ GOOS: "linux", GOARCH: "amd64", STANDALONE: "" }, [], ""],
  ])("writes a Makefile whose default target honours %j", async (env, target, subFolder) => {
    const directory = join(folder, "project");
    await run("notes", "--yes", "--directory", directory);
    const bin = join(directory, "node_modules/.bin");
    mkdirSync(bin, { recursive: true });
    const script = `#!/bin/sh\necho "$@" >arguments\nmkdir -p package/${subFolder}\ntouch package/${subFolder}/manifest.yaml\n`;
    writeFileSync(join(bin, "kloset"), script, { mode: 0o755 });
    await exec("make", ["-C", directory], { env: { ...process.env, NODE_OPTIONS: "", ...env } });
    const args = ["package", "--out", "package", "--no-ptar", ...target];
    expect(readFileSync(join(directory, "arguments"), "utf8").trim()).toBe(args.join(" "));
    expect(readdirSync(directory)).toContain("manifest.yaml");
  });

  it("writes only what was chosen", async () => {
    const { code, text } = await run("notes", "--secret-provider", "--json", "--directory", join(folder, "p"));
    expect(code).toBe(0);
    const { files } = JSON.parse(text) as { files: string[] };
    expect(files).toContain("src/secret-provider.spec.ts");
    expect(files).not.toContain("src/importer.ts");
    const manifest = JSON.parse(readFileSync(join(folder, "p/package.json"), "utf8")) as Record<string, unknown>;
    expect(manifest["dependencies"]).toEqual({ "@kloset/sdk": `^${ownVersion()}` });
  });

  it("takes an importer with --yes", async () => {
    const { text } = await run("notes", "--yes", "--json", "--directory", join(folder, "p"));
    expect((JSON.parse(text) as { files: string[] }).files).toContain("src/importer.ts");
  });

  it.each([
    [["my_notes", "--yes"], 'name "my_notes": expected letters'],
    [["--yes"], "the name is missing"],
    [["notes"], "expected at least one of --importer"],
    [["notes", "--importers"], "Did you mean --importer?"],
    [["notes", "--yes", "--sdk", "./missing"], "--sdk ./missing: ENOENT"],
  ])("rejects %j", async (args, message) => {
    const { code, errors } = await run(...args, "--directory", join(folder, "p"));
    expect({ code, errors }).toEqual({ code: 2, errors: expect.stringContaining(message) as unknown });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("rejects a folder that is not empty, and leaves it unchanged", async () => {
    writeFileSync(join(folder, "mine"), "x");
    const { code, errors } = await run("notes", "--yes", "--directory", folder);
    expect(code).toBe(2);
    expect(errors).toBe(`error: the folder ${folder} is not empty: it contains "mine"; choose another one\n`);
    expect(readdirSync(folder)).toEqual(["mine"]);
  });

  it("accepts the empty clone of a repository", async () => {
    mkdirSync(join(folder, ".git"));
    expect((await run("notes", "--yes", "--directory", folder)).code).toBe(0);
  });

  it("rejects a path that is a file", async () => {
    writeFileSync(join(folder, "file"), "");
    const { code, errors } = await run("notes", "--yes", "--directory", join(folder, "file"));
    expect({ code, errors }).toEqual({ code: 2, errors: expect.stringContaining("cannot use the folder") as unknown });
  });

  it("names every package of a folder of tarballs", async () => {
    const packed = join(folder, "packed");
    mkdirSync(packed);
    const names = ["kloset-sdk", "kloset-testing", "kloset-wire", "kloset", "create-kloset", "other"];
    for (const name of names) writeFileSync(join(packed, `${name}-0.1.0.tgz`), "");
    expect((await run("notes", "--yes", "--sdk", packed, "--directory", join(folder, "p"))).code).toBe(0);
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(folder, "p/package.json"), "utf8")) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    expect(dependencies).toEqual({ "@kloset/sdk": `file:${packed}/kloset-sdk-0.1.0.tgz` });
    expect(devDependencies).toMatchObject({
      "@kloset/wire": `file:${packed}/kloset-wire-0.1.0.tgz`,
      kloset: `file:${packed}/kloset-0.1.0.tgz`,
    });
    expect(devDependencies).not.toHaveProperty("create-kloset");
    expect(devDependencies).not.toHaveProperty("other");
  });

  it.each([
    ["lacks a package", ["kloset-sdk-0.1.0.tgz"], "has no tarball of @kloset/testing, kloset"],
    ["has two versions", ["kloset-sdk-0.1.0.tgz", "kloset-sdk-0.2.0.tgz"], "has two versions of @kloset/sdk"],
  ])("rejects a folder of tarballs that %s", async (_, files, message) => {
    for (const file of files) writeFileSync(join(folder, file), "");
    const { code, errors } = await run("notes", "--yes", "--sdk", folder, "--directory", join(folder, "p"));
    expect({ code, errors }).toEqual({ code: 2, errors: expect.stringContaining(message) as unknown });
  });

  it("asks on a terminal for what the command line leaves open", async () => {
    const asked: string[] = [];
    const context = { terminal: terminal(true), signal, exitWith: () => undefined };
    const command = createNewCommand(context, {
      name: async () => (asked.push("name"), "notes"),
      kinds: async () => (asked.push("kinds"), NEW_KINDS.slice(1, 2)),
    });
    await command.parseAsync(["--directory", join(folder, "p")], { from: "user" });
    expect(asked).toEqual(["name", "kinds"]);
    expect(readdirSync(join(folder, "p/src"))).toContain("exporter.ts");
  });
});
