/** Runs the code blocks of the documentation that have no test of their own, and some of their commands. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { StatusCode } from "@kloset/host";
import {
  compareTrees,
  macOf,
  testExporter,
  testImporter,
  testInventory,
  testSecretProvider,
  testStorage,
  tree,
} from "@kloset/testing";
import errors from "./errors.js";
import folderExporter from "./folder-exporter.js";
import folderStore from "./folder-store.js";
import incremental from "./incremental.js";
import inventory from "./inventory.js";
import secrets from "./secrets.js";

const here = dirname(fileURLToPath(import.meta.url));
const docs = join(here, "..");
const packages = join(docs, "../packages");

/** The programs that pages run with npx. */
const PROGRAMS: Readonly<Record<string, string>> = {
  kloset: join(packages, "cli/dist/main.js"),
  "@kloset/conformance": join(packages, "conformance/dist/cli/main.js"),
};

/** Runs Node in the folder of the compiled snippets. */
const node = (...args: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, args, { cwd: join(here, "dist") });

/** Runs the first command of a page that begins with some words, with further options. */
async function runShown(page: string, start: string, ...options: readonly string[]): Promise<string> {
  const text = readFileSync(join(docs, page), "utf8");
  const [line = ""] = text.slice(text.indexOf(`npx ${start} `)).split(/[`\n]/);
  const [, program = "", ...args] = line.split(" ");
  return (await node(PROGRAMS[program] ?? "", ...args, ...options)).stdout;
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kloset-snippets-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("the snippets", () => {
  it("back up with the host of the package", async () => {
    const { stdout } = await node("try-notes.js");
    expect(stdout.split("\n").map((line) => line.trim())).toEqual([
      "/",
      '/today.txt "Buy milk.\\n"',
      '/old.txt "Drink it.\\n"',
      "",
    ]);
  });

  it("pass their tests in Node's test runner", async () => {
    const { stdout } = await node("--test", "notes.spec.js");
    expect(stdout).toMatch(/pass 4\b/);
  });

  it("run with the commands of the pages", async () => {
    // tsc sets no run bit.
    await chmod(join(here, "dist/run-notes.js"), 0o755);
    expect(await runShown("debugging.md", "kloset inspect scan")).toContain('"pathname":"/today.txt"');
    expect(await runShown("testing.md", "@kloset/conformance", "--rule", "process.starts")).toContain("conforms");
  });

  it.each(["v1.0", "v1.1"] as const)("restore to a folder (%s)", async (generation) => {
    await inFolder(async (folder) => {
      const modTime = new Date("2026-01-31T10:00:00Z");
      await using exporter = await testExporter(folderExporter, { location: `folder://${folder}`, generation });
      const result = await exporter.restore(
        tree({ "/docs/a.txt": { content: "first", modTime, permissions: 0o640 }, "/b.txt": "second" }),
      );
      expect(result.errors).toEqual([]);
      expect(readFileSync(join(folder, "docs/a.txt"), "utf8")).toBe("first");
      expect(readFileSync(join(folder, "b.txt"), "utf8")).toBe("second");
      const { mode, mtime } = await stat(join(folder, "docs/a.txt"));
      expect(mode & 0o777).toBe(0o640);
      expect(mtime).toEqual(modTime);
    });
  });

  // #region store
  it.each(["v1.0", "v1.1"] as const)("store in a folder (%s)", async (generation) => {
    await inFolder(async (folder) => {
      await using store = await testStorage(folderStore, { location: `folder://${folder}`, generation });
      await store.create("configuration");
      expect(Buffer.from(await store.open()).toString()).toBe("configuration");
      const mac = macOf("a");
      await store.put("packfile", mac, "0123456789");
      await expect(store.put("packfile", mac, "broken", { faults: { failAfter: 3 } })).rejects.toThrow();
      const part = await store.get("packfile", mac, { range: { offset: 2, length: 3 } });
      expect(Buffer.from(part).toString()).toBe("234");
      expect((await store.list("packfile")).map(({ hex }) => hex)).toEqual([mac.hex]);
      await store.delete("packfile", mac);
      expect(await store.list("packfile")).toEqual([]);
    });
  });
  // #endregion store

  // #region secrets
  it("resolve secrets below a folder", async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, "password"), "hunter2-of-the-test\n");
      await using provider = await testSecretProvider(secrets, { location: "files://", config: { folder } });
      expect(await provider.resolve("password")).toBe("hunter2-of-the-test");
      await expect(provider.resolve("missing")).rejects.toMatchObject({ code: StatusCode.NOT_FOUND });
      await expect(provider.resolve("../password")).rejects.toThrow("escapes the root");
    });
  });
  // #endregion secrets

  // #region inventory
  it("list resources", async () => {
    await using test = await testInventory(inventory, { location: "cloud://", config: { region: "eu-west-3" } });
    const { entries } = await test.list();
    expect(entries.map(({ urn }) => urn)).toEqual(["urn:example:eu-west-3:db-1"]);
  });
  // #endregion inventory

  it("give entries a fileInfo that changes with the content", async () => {
    await using importer = await testImporter(incremental, { location: "documents://" });
    const result = await importer.backup();
    expect(compareTrees({ "/dated": "first", "/undated": "second" }, result.tree)).toEqual([]);
    expect(result.errors).toEqual([]);
  });

  it("report errors of single entries, without the token", async () => {
    await using importer = await testImporter(errors, { location: "items://", config: { token: "hush-hush" } });
    const result = await importer.backup();
    expect(result.errors).toEqual([
      expect.objectContaining({ pathname: "/bad.txt", message: 'item /bad.txt: expected a date, got "yesterday"' }),
      expect.objectContaining({
        pathname: "/refused.txt",
        message: expect.stringContaining("the token *** may not read"),
      }),
    ]);
  });
});
