import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach } from "@jest/globals";
import { removeTree } from "../remove-tree.js";
import { writeTo } from "./tree.js";

/** For tests that run the demo on a busy machine. */
export const TIMEOUT_MS = 120_000;

/** The folder of the built demo. */
export const built = fileURLToPath(new URL("../../dist/", import.meta.url));

/** The result of a run that has ended. */
interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the demo. */
interface Run {
  readonly child: ChildProcess;
  /** Returns the output to stderr so far. */
  readonly stderr: () => string;
  /** Resolves when the demo and all processes that share its stderr, its plugins, have ended. */
  readonly ended: Promise<Result>;
}

/** The folders of one test file, and functions that run the demo in them. */
export interface Demo {
  /** The working directory of every run. */
  readonly top: string;
  /** A folder in `top` with 6 entries and 10 bytes. */
  readonly small: string;
  /** TMPDIR of the demo, new for each test. */
  readonly temporary: string;
  start(args: readonly string[], main?: string): Run;
  run(...args: string[]): Promise<Result>;
}

/** Makes the folders before the tests of a file and removes them afterwards. */
export function demoForTests(): Demo {
  let top = "";
  let small = "";
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

  const start = (args: readonly string[], main = join(built, "main.js")): Run => {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TMPDIR: temporary },
      cwd: top,
      // Its own process group, as a shell gives to a job: Ctrl-C goes to the group.
      detached: true,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
    return { child, stderr: () => stderr, ended };
  };
  return {
    get top() {
      return top;
    },
    get small() {
      return small;
    },
    get temporary() {
      return temporary;
    },
    start,
    run: (...args) => start(args).ended,
  };
}
