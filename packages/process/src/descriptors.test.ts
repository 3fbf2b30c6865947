import { execFileSync, spawn, spawnSync, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Guard } from "./descriptors.js";
import { fixturePath } from "./testing/child.js";

/** The fixture's report on its descriptors after the guard. */
interface Report {
  readonly guard: Guard;
  /** The kinds of fd 0, 1 and 2. */
  readonly kinds: readonly [string, string, string];
  /** The descriptor numbers of files opened after the guard. */
  readonly opened: readonly number[];
  /** True if a child could print to fd 1. */
  readonly printed: boolean;
  /** The number of bytes read from fd 0. */
  readonly input: number;
}

let folder: string;
/** The test's own descriptors, closed after each test. */
let open: number[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "kloset-descriptors-"));
  open = [];
});

afterEach(() => {
  for (const fd of open) fs.closeSync(fd);
  fs.rmSync(folder, { recursive: true });
});

function openFile(name: string, flags: string): number {
  const fd = fs.openSync(name, flags);
  open.push(fd);
  return fd;
}

/** Creates a pipe and returns its read and write ends. */
function pipe(name: string): [number, number] {
  const file = path.join(fs.mkdtempSync(path.join(folder, "pipe-")), name);
  execFileSync("mkfifo", [file]);
  const both = fs.openSync(file, "r+");
  const ends: [number, number] = [openFile(file, "r"), openFile(file, "w")];
  fs.closeSync(both);
  return ends;
}

function closedReader(): number {
  const [reader, writer] = pipe("stderr");
  fs.closeSync(reader);
  open = open.filter((fd) => fd !== reader);
  return writer;
}

const withoutReader = "a pipe without a reader";

/** The kinds of standard error, each with a function that opens it. */
const errors: Record<string, () => number | "pipe"> = {
  "a pipe": () => pipe("stderr")[1],
  [withoutReader]: closedReader,
  "a socket": () => "pipe",
  "a file": () => openFile(path.join(folder, "stderr"), "w"),
  "the null device": () => openFile(os.devNull, "w"),
};

/** The descriptors that hosts pass as fd 0 and fd 1. */
const hosts: Record<string, () => [number | "pipe", number | "pipe"]> = {
  pipes: () => [pipe("stdin")[0], pipe("stdout")[1]],
  "two sockets": () => ["pipe", "pipe"],
  "a pipe and a socket": () => [pipe("stdin")[0], "pipe"],
};

async function run(command: string, args: readonly string[], stdio: StdioOptions): Promise<Report> {
  const report = path.join(folder, "report");
  const child = spawn(command, [...args, fixturePath("descriptors.js"), report], { stdio });
  for (const stream of child.stdio) stream?.on("error", () => undefined);
  expect(await once(child, "exit")).toEqual([0, null]);
  return JSON.parse(fs.readFileSync(report, "utf8")) as Report;
}

/** Checks the properties that hold for all kinds of descriptors. */
function expectGuarded({ guard, kinds, opened, printed, input }: Report, error: string): void {
  expect(kinds).not.toContain("EBADF");
  expect(Math.min(...opened)).toBeGreaterThan(2);
  expect(new Set([guard.input, guard.output, ...opened]).size).toBe(guard.input === guard.output ? 4 : 5);
  expect(printed).toBe(error !== withoutReader);
  expect(input).toBe(0);
}

describe.each(Object.entries(hosts))("the guard, with %s from the host", (host, handOver) => {
  it.each(Object.entries(errors))("keeps fd 0 and fd 1 occupied when stderr is %s", async (error, openError) => {
    const report = await run(process.execPath, [], [...handOver(), openError()]);
    expectGuarded(report, error);
    const [input, output, stderr] = report.kinds;
    if (host === "two sockets") {
      // Sockets cannot be moved; Node's APIs are redirected instead.
      expect(report.guard).toEqual({ transport: "pipes", input: 0, output: 1 });
      return;
    }
    expect(report.guard.input).toBeGreaterThan(2);
    expect(input).toBe("device");
    if (host !== "pipes") return;
    expect(report.guard.output).toBeGreaterThan(2);
    // fd 1 becomes stderr if that can be reopened, otherwise the null device.
    const reopened = error !== "a socket" && error !== withoutReader;
    expect(output).toBe(reopened ? stderr : "device");
  });

  it("refuses to run after something was printed", () => {
    const { stderr, status } = spawnSync(process.execPath, [fixturePath("late-guard.js")], {
      encoding: "utf8",
      stdio: [...handOver(), "pipe"],
    });
    expect(stderr).toBe(
      "10 bytes were printed to standard output, which is the connection to the host, before it was guarded; " +
        'import the guard ("@kloset/sdk/guard") before anything else\n',
    );
    expect(status).toBe(2);
  });
});

describe("the guard, with one socket from the host", () => {
  const shell = ["-c", 'exec "$0" "$@" 0<&3 3<&-', process.execPath];

  it.each(Object.entries(errors))("keeps fd 0 and fd 1 occupied when stderr is %s", async (error, openError) => {
    for (const stdout of ["ignore", openFile(path.join(folder, "stdout"), "w"), pipe("stdout")[1]] as const) {
      const stderr = openError();
      const report = await run("sh", shell, ["ignore", stdout, stderr, "pipe"]);
      expectGuarded(report, error);
      expect(report.guard).toEqual({ transport: "socket", input: 0, output: 0 });
    }
  });
});
