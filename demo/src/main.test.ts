import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { removeTree } from "./remove-tree.js";
import { writeTo } from "./testing/tree.js";

const TIMEOUT_MS = 120_000;
const built = fileURLToPath(new URL("../dist/", import.meta.url));
const usage = "Usage: npm run demo [-- [--keep] [DIR]]";

let top = "";
let small = "";
/** Where the demo puts its temporary folders. */
let temporary = "";

beforeAll(() => {
  top = mkdtempSync(join(realpathSync(tmpdir()), "demo-main-"));
  small = join(top, "small folder");
  for (const [path, data] of [
    ["a", "alpha"],
    ["b/c", ""],
    ["b/d e", "delta"],
  ] as const)
    writeTo(join(small, path), data, 0o640);
  symlinkSync("a", join(small, "link"));
});

beforeEach(() => {
  temporary = mkdtempSync(join(top, "tmp-"));
});

afterAll(async () => {
  await removeTree(top);
});

interface Run {
  readonly child: ChildProcess;
  /** What was written so far. */
  readonly stderr: () => string;
  /** Settles when the demo has ended, and so have all processes that share its stderr: its plugins. */
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function start(args: readonly string[], main = join(built, "main.js")): Run {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: temporary },
    cwd: top,
    // A process group of its own, as a shell gives to a job: Ctrl-C goes to the group.
    detached: true,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, stderr: () => stderr, ended };
}

async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return await start(args).ended;
}

describe("the demo", () => {
  it(
    "prints a table, and ends with 0, when everything came back",
    async () => {
      const { code, stdout, stderr } = await run("small folder");
      expect(stdout).toMatch(/^generation +entries +bytes +left out +errors +differences +seconds$/m);
      expect(stdout).toMatch(/^v1\.0 +6 +10 +0 +0 +0 +\d+\.?\d*$/m);
      expect(stdout).toMatch(/^v1\.1 +6 +10 +0 +0 +0 +\d+\.?\d*$/m);
      // Plain lines, no bars, and no warnings that a reader would have to ask about.
      expect(stderr.split("\n")).toEqual([
        `${small} is backed up, stored, read back, restored and compared, once for each generation.`,
        "It has 6 entries and 10 bytes.",
        ...["v1.0", "v1.1"].flatMap((generation) => [
          expect.stringMatching(`^${generation} back up and store: \\d+ entries …$`),
          `${generation} read back and restore: 6 entries …`,
          `${generation} compare: 6 entries …`,
        ]),
        "",
      ]);
      expect(code).toBe(0);
      expect(readdirSync(temporary)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "keeps its folders when asked to",
    async () => {
      const { code, stderr } = await run("--keep", small);
      expect(code).toBe(0);
      const kept = [...stderr.matchAll(/^v1\.[01] kept: (.*)$/gm)].map((match) => match[1] ?? "");
      expect(kept).toHaveLength(2);
      for (const folder of kept) expect(readdirSync(join(folder, "restored")).sort()).toEqual(["a", "b", "link"]);
    },
    TIMEOUT_MS,
  );

  it(
    "ends with 1 when something did not come back, and says what",
    async () => {
      const folder = join(top, "with a bad name");
      mkdirSync(folder);
      // No host can store a name that is not UTF-8, for any user.
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x62, 0xff])]), "");
      const { code, stdout } = await run(folder);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^v1\.0: errors:\n {2}.*UTF-8/m);
      expect(stdout).toMatch(/^v1\.1: errors:\n {2}.*UTF-8/m);
      expect(stdout).toMatch(/^v1\.1: differences:$/m);
      expect(stdout).toMatch(/^v1\.1 +\d+ +0 +0 +1 +[12] /m);
      expect(readdirSync(temporary)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "removes also what it restored with modes that let nobody in",
    async () => {
      const folder = join(top, "closed");
      writeTo(join(folder, "directory/file"), "x", 0o400);
      chmodSync(join(folder, "directory"), 0o500);
      const { code } = await run(folder);
      expect(code).toBe(0);
      expect(readdirSync(temporary)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe("the command line", () => {
  it("--help prints the usage", async () => {
    const { code, stdout, stderr } = await run("--help");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.startsWith(usage)).toBe(true);
  });

  it.each([
    ["a folder that does not exist", ["none"], '"none" can not be used: ENOENT'],
    ["a file", ["small folder/a"], '"small folder/a" is not a folder'],
    ["an unknown option", ["--fast"], "Unknown option '--fast'"],
    ["two folders", ["one", "two"], 'one folder, not 2: "one", "two"'],
  ])("refuses %s, with the usage and exit code 2", async (_what, args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.startsWith(message)).toBe(true);
    expect(stderr).toContain(`\n\n${usage}`);
    expect(stderr).not.toContain("    at ");
  });

  it("refuses a folder that its own temporary files would be in", async () => {
    const { code, stderr } = await run(top);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `"${top}" holds the folder for temporary files, ${temporary}: set TMPDIR to one outside of it`,
    );
  });
});

it("a plugin that is not built is one line, not a stack trace", async () => {
  const elsewhere = join(top, "not built");
  cpSync(built, join(elsewhere, "demo/dist"), { recursive: true });
  cpSync(join(built, "../package.json"), join(elsewhere, "demo/package.json"));
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(elsewhere, "node_modules"));
  const { code, stdout, stderr } = await start([small], join(elsewhere, "demo/dist/main.js")).ended;
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /^the plugin is not built: .*tsfs-importer\.cjs.* can not be run\. Build it with: npm run build\n$/,
  );
});

describe("an interrupted demo", () => {
  let folder = "";

  beforeAll(() => {
    // A hole: nothing on the disk, but more than could be read before the signal comes.
    folder = join(top, "endless");
    writeTo(join(folder, "hole"), "", 0o644);
    truncateSync(join(folder, "hole"), 2 ** 42);
  });

  it.each([
    ["Ctrl-C", "SIGINT", 130, true],
    ["SIGTERM to it alone", "SIGTERM", 143, false],
  ] as const)(
    "by %s ends its plugins and removes its files",
    async (_what, signal, exitCode, toGroup) => {
      const { child, stderr, ended } = start([folder]);
      while (!stderr().includes("v1.0 back up and store")) await once(child.stderr ?? child, "data");
      if (child.pid === undefined) throw new Error("not started");
      expect(readdirSync(temporary)).not.toEqual([]);
      process.kill(toGroup ? -child.pid : child.pid, signal);
      const { code, stdout } = await ended;
      expect([code, stdout]).toEqual([exitCode, ""]);
      expect(stderr()).toMatch(
        /interrupted: the plugins are ended and the temporary files removed …\n(.*\n)*ended by SIG/,
      );
      expect(stderr()).not.toContain("    at ");
      expect(readdirSync(temporary)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
