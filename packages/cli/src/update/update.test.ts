import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { runCli } from "../program.js";
import { ownVersion } from "../version.js";
import { codemodsBetween } from "./codemods/index.js";
import { contextObject } from "./codemods/context-object.js";
import { updateManifest } from "./manifest.js";
import type { UpdateResult } from "./update.js";

const exec = promisify(execFile);
const nodeModules = join(dirname(fileURLToPath(import.meta.url)), "../../../../node_modules");
const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../../fixtures/context-object");
const read = (path: string): string => readFileSync(join(fixtures, path), "utf8");

describe("the codemod context-object", () => {
  const names = readdirSync(join(fixtures, "before"));

  it.each(names)("rewrites %s, and only once", (name) => {
    const after = read(`after/${name}`);
    const once = contextObject.rewrite(read(`before/${name}`), name);
    expect(once.text).toBe(after);
    expect(once.notes).toEqual([]);
    expect(once.changes.length).toBeGreaterThan(0);
    expect(contextObject.rewrite(after, name)).toEqual({ text: after, changes: [], notes: [] });
  });

  it("writes what compiles against the present SDK", async () => {
    const tsc = join(nodeModules, "typescript-native/bin/tsc");
    await exec(process.execPath, [tsc, "-p", fixtures]);
    expect(readdirSync(join(fixtures, "after"))).toEqual(names);
  });

  const sdk = 'import { file } from "@kloset/sdk";\n';

  it.each([
    ["a context of another name", "x({ scan(context) { return all(context.signal); } });"],
    ["a context that is named like a signal", "x({ scan(abort) { return all(abort.signal); } });"],
    ["a method with fewer parameters", "x({ scan() {}, storeFile(pathname, data) {}, get(kind, mac) {} });"],
    ["other methods", "x({ walk(signal) {} }); other.get(url, signal); map.get(key); signals.delete(signal);"],
    ["functions", "function scan(signal) {}"],
    ["computed names", "x({ [scan](signal) {} }); y[scan](signal);"],
  ])("leaves %s alone", (_, code) => {
    expect(contextObject.rewrite(sdk + code, "a.js")).toEqual({ text: sdk + code, changes: [], notes: [] });
  });

  it("leaves a file alone that does not use the SDK", () => {
    const code = "x({ scan(signal) {} });";
    expect(contextObject.rewrite(code, "a.js").text).toBe(code);
  });

  it.each([
    ["x({ scan: signal => all(signal) });", "x({ scan: ({ signal }) => all(signal) });"],
    ["x({ scan: async signal => all(signal) });", "x({ scan: async ({ signal }) => all(signal) });"],
    ["x({ async *scan(s) { s.throwIfAborted(); } });", "x({ async *scan({ signal: s }) { s.throwIfAborted(); } });"],
    ["x({ get(kind, mac, range) {} });", "x({ get(kind, mac, { range }) {} });"],
    ["x({ 'scan'(signal) {} });", "x({ 'scan'({ signal }) {} });"],
    ["i.scan(controller.signal);", "i.scan({ signal: controller.signal });"],
    ["entry.read?.(AbortSignal.timeout(1));", "entry.read?.({ signal: AbortSignal.timeout(1) });"],
    ["e.storeFile(p, d, 1, signal);", "e.storeFile(p, d, 1, { signal });"],
  ])("rewrites %s", (before, after) => {
    expect(contextObject.rewrite(sdk + before, "a.js").text).toBe(sdk + after);
  });

  it.each([
    ["x({ scan(signal: AbortSignal) {} });", "x({ scan({ signal }: CallContext) {} });"],
    ["x({ scan(signal?: AbortSignal) {} });", "x({ scan({ signal }: Partial<CallContext> = {}) {} });"],
  ])("imports the type for %s", (before, after) => {
    const imported = sdk.replace("file }", "file, type CallContext }");
    expect(contextObject.rewrite(sdk + before, "a.ts").text).toBe(imported + after);
    const guard = 'import "@kloset/sdk/guard";';
    expect(contextObject.rewrite(`${guard}\n${before}`, "a.ts").text).toBe(
      `${guard}\nimport type { CallContext } from "@kloset/sdk";\n${after}`,
    );
  });

  it("names what it does not understand", () => {
    const { text, notes } = contextObject.rewrite(`${sdk}x({\n  scan(it) { return all(it); } });`, "a.js");
    expect(text).toContain("scan(it)");
    expect(notes).toEqual([
      'line 3: the parameter "it" of scan() may be a signal, which is a property of the last argument now',
    ]);
  });

  it("is among the codemods of its version, for projects of that version too", () => {
    expect(codemodsBetween("0.0.0", "0.1.0")).toEqual([contextObject]);
    expect(codemodsBetween("0.1.0", "0.2.0")).toEqual([contextObject]);
    expect(codemodsBetween("0.1.1", "0.2.0")).toEqual([]);
  });
});

describe("updateManifest", () => {
  const update = (dependencies: object, version = "0.3.0"): ReturnType<typeof updateManifest> =>
    updateManifest(JSON.stringify({ dependencies }, null, "\t"), "package.json", { version });

  it("keeps operators, indentation and other packages", () => {
    const { text, from } = update({
      "@kloset/sdk": "^0.1.2",
      "@kloset/host": "~0.1.2",
      kloset: "0.1.2",
      other: "1.0.0",
    });
    expect(from).toBe("0.1.2");
    const dependencies = { "@kloset/sdk": "^0.3.0", "@kloset/host": "~0.3.0", kloset: "0.3.0", other: "1.0.0" };
    expect(text).toBe(`${JSON.stringify({ dependencies }, null, "\t")}\n`);
  });

  it("leaves files and links, and says so", () => {
    const { from, changes, notes } = update({ "@kloset/sdk": "file:../packed/kloset-sdk-0.1.0.tgz" });
    expect({ from, changes }).toEqual({ from: "0.1.0", changes: [] });
    expect(notes).toEqual(["@kloset/sdk stays at file:../packed/kloset-sdk-0.1.0.tgz: use --sdk to replace it"]);
  });

  it.each([
    ["{", "cannot read package.json: "],
    ["{}", "package.json does not depend on @kloset/sdk"],
    ['{"dependencies": 1}', "package.json: dependencies: "],
  ])("rejects %s", (text, message) => {
    expect(() => updateManifest(text, "package.json", { version: "0.3.0" })).toThrow(message);
  });
});

describe("kloset update", () => {
  let folder: string;
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: folder, encoding: "utf8" });
  const manifest = (range: string): string => JSON.stringify({ dependencies: { "@kloset/sdk": range } });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kloset-update-"));
    git("init", "--quiet");
    git("config", "user.name", "Test");
    git("config", "user.email", "test@example.org");
    mkdirSync(join(folder, "src"));
    for (const name of ["importer.ts", "exporter.ts"]) writeFileSync(join(folder, "src", name), read(`before/${name}`));
    writeFileSync(join(folder, "package.json"), manifest("^0.0.1"));
    git("add", ".");
    git("commit", "--quiet", "--message", "Start");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(...args: string[]): Promise<{ code: number; text: string; errors: string }> {
    let [text, errors] = ["", ""];
    const terminal = {
      out: (more: string) => void (text += more),
      error: (more: string) => void (errors += more),
      isTerminal: false,
      isInteractive: false,
      columns: 80,
    };
    const signal = new AbortController().signal;
    const code = await runCli(["update", folder, ...args], { terminal, signal });
    return { code, text, errors };
  }

  it("commits the new versions and sources, and lists them", async () => {
    const { code, text, errors } = await run();
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(text).toContain(`@kloset/sdk: ^0.0.1 → ^${ownVersion()}`);
    expect(text).toContain("storeFile(pathname, data, _size, signal) → storeFile(pathname, data, _size, { signal })");
    for (const name of ["importer.ts", "exporter.ts"])
      expect(readFileSync(join(folder, "src", name), "utf8")).toBe(read(`after/${name}`));
    expect(git("status", "--porcelain")).toBe("");
    expect(git("log", "--format=%B", "-1")).toContain(
      `Update the kloset SDK from 0.0.1 to ${ownVersion()}\n\n0.1.0 context-object: positional signals`,
    );
    expect((await run()).text).toBe(`Nothing to change: the project is at version ${ownVersion()}.\n`);
    expect(git("rev-list", "--count", "HEAD").trim()).toBe("2");
  });

  describe("with a lock file", () => {
    const { PATH } = process.env;
    afterEach(() => {
      process.env["PATH"] = PATH;
    });

    /** Puts a script in place of npm. */
    function fakeNpm(script: string): void {
      const bin = join(folder, ".git/bin");
      mkdirSync(bin);
      writeFileSync(join(bin, "npm"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      process.env["PATH"] = `${bin}:${PATH ?? ""}`;
      writeFileSync(join(folder, "package-lock.json"), "old");
      git("add", ".");
      git("commit", "--quiet", "--message", "Lock");
    }

    it("has npm update it in the same commit", async () => {
      fakeNpm("grep -q 0.0.1 package.json || echo new >package-lock.json");
      expect(await run()).toMatchObject({ code: 0, errors: "" });
      expect(git("show", "--name-only", "--format=").trim().split("\n")).toContain("package-lock.json");
      expect(git("status", "--porcelain")).toBe("");
    });

    it("changes nothing if npm fails", async () => {
      fakeNpm("echo half >package-lock.json; echo no registry >&2; exit 1");
      const { code, errors } = await run();
      expect(code).toBe(1);
      expect(errors).toContain("npm cannot update package-lock.json: no registry\nNothing was changed.");
      expect(git("status", "--porcelain")).toBe("");
      expect(await run("--no-lock")).toMatchObject({ code: 0, errors: "" });
    });
  });

  it("changes nothing with --dry-run, and prints JSON", async () => {
    const { text } = await run("--dry-run", "--json");
    const { files, commit } = JSON.parse(text) as UpdateResult;
    expect(files.map(({ path }) => path)).toEqual(["package.json", "src/exporter.ts", "src/importer.ts"]);
    expect(commit).toBeUndefined();
    expect(git("status", "--porcelain")).toBe("");
  });

  it.each([
    [
      "a changed file",
      () => {
        writeFileSync(join(folder, "src/importer.ts"), "changed");
      },
      "M src/importer.ts",
    ],
    [
      "an unknown file",
      () => {
        writeFileSync(join(folder, "new.ts"), "");
      },
      "?? new.ts",
    ],
    [
      "a staged file",
      () => {
        writeFileSync(join(folder, "new.ts"), "");
        git("add", "new.ts");
      },
      "A  new.ts",
    ],
  ])("rejects a folder with %s", async (_, change, shown) => {
    change();
    const before = git("status", "--porcelain");
    const { code, errors } = await run();
    expect(code).toBe(2);
    expect(errors).toContain(`has changes that are not committed: ${shown}; commit or stash them`);
    expect(git("status", "--porcelain")).toBe(before);
    expect(readFileSync(join(folder, "package.json"), "utf8")).toBe(manifest("^0.0.1"));
  });

  it("names a source that cannot be parsed, and changes nothing", async () => {
    writeFileSync(join(folder, "src/broken.ts"), "import {");
    git("add", ".");
    git("commit", "--quiet", "--message", "Break");
    const { code, errors } = await run();
    expect({ code, errors }).toEqual({
      code: 1,
      errors: expect.stringContaining("cannot parse src/broken.ts: ") as unknown,
    });
    expect(git("status", "--porcelain")).toBe("");
  });

  it("says what to do if git refuses the commit", async () => {
    mkdirSync(join(folder, ".git/hooks"), { recursive: true });
    writeFileSync(join(folder, ".git/hooks/pre-commit"), "#!/bin/sh\necho not today >&2\nexit 1\n", { mode: 0o755 });
    const { code, errors } = await run();
    expect(code).toBe(1);
    expect(errors).toContain("the files are changed, but git commit failed: not today");
  });

  it("rejects a folder without git, without package.json, and of a newer SDK", async () => {
    rmSync(join(folder, ".git"), { recursive: true });
    expect(await run()).toMatchObject({
      code: 2,
      errors: expect.stringContaining("is in no git repository") as unknown,
    });
    writeFileSync(join(folder, "package.json"), manifest("^99.0.0"));
    expect(await run()).toMatchObject({
      code: 2,
      errors: expect.stringContaining("which is newer than this") as unknown,
    });
    rmSync(join(folder, "package.json"));
    expect(await run()).toMatchObject({ code: 2, errors: expect.stringContaining("cannot read") as unknown });
  });
});
