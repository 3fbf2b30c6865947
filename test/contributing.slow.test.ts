// Follows "Change the protos" of CONTRIBUTING.md on a copy of the repository: applies its diffs and runs its commands.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "@jest/globals";
import { readJson, top } from "../scripts/packages.js";

/** Parts of the repository that the commands use. */
const COPIED = ["buf.yaml", "buf.gen.yaml", "package.json", "tsconfig.base.json", "jest.config.js"].concat([
  "scripts",
  "proto",
  "fixtures/descriptors",
  "gen",
  "packages",
]);
/** Folders in which Jest looks for tests. */
const EMPTY = ["plugins", "examples", "demo", "scale", "fuzz", "bench", "docs/snippets", "test"];

const folder = mkdtempSync(join(tmpdir(), "kloset-contributing-"));
// The tests of the copy are fast ones.
const env = { ...process.env, KLOSET_TESTS: "fast" };
const section =
  /^## Change the protos\n([^]*?)^## /m.exec(readFileSync(join(top, "CONTRIBUTING.md"), "utf8"))?.[1] ?? "";

afterAll(() => {
  rmSync(folder, { recursive: true });
});

it("CONTRIBUTING shows how to add a field that the host sends", () => {
  copy();
  const output: string[] = [];
  for (const [, language, text = ""] of section.matchAll(/^```(\w+)\n([^]*?)^```$/gm)) {
    if (language === "diff") run("git", ["apply", "-"], text);
    else output.push(run("bash", ["-euc", `exec 2>&1\n${text}`]));
  }
  expect(section.match(/^```diff$/gm)).toHaveLength(4);
  expect(output).toHaveLength(3);
  // The tests that the tutorial adds and names have run.
  expect(output.at(-1)).toContain("Test Suites: 2 passed, 2 total");
  const additions = readFileSync(join(folder, "fixtures/descriptors/additions-v1.1.json"), "utf8");
  expect(JSON.parse(additions)).toContain("importer.Options.timezone");
}, 600_000);

it("CONTRIBUTING names only commands that exist", () => {
  const scripts = readJson("package.json")["scripts"] as Record<string, string>;
  const named = [...section.matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  expect(named).toContain("protos:compare");
});

/** Copies the repository with what was built from it. The packages of others are shared. */
function copy(): void {
  for (const path of COPIED) cpSync(join(top, path), join(folder, path), { recursive: true, preserveTimestamps: true });
  for (const path of EMPTY) mkdirSync(join(folder, path), { recursive: true });
  const modules = join(top, "node_modules");
  mkdirSync(join(folder, "node_modules/@kloset"), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name !== "@kloset") symlinkSync(join(modules, name), join(folder, "node_modules", name));
  }
  for (const name of readdirSync(join(modules, "@kloset"))) {
    symlinkSync(readlinkSync(join(modules, "@kloset", name)), join(folder, "node_modules/@kloset", name));
  }
}

function run(command: string, args: readonly string[], input = ""): string {
  try {
    return execFileSync(command, args, { cwd: folder, encoding: "utf8", input, stdio: "pipe", env });
  } catch (error) {
    const { message, stdout } = error as Error & { stdout: string };
    throw new Error(`${message}\n${stdout}`, { cause: error });
  }
}
