import { execFileSync, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Guard } from "./descriptors.js";
import { fixturePath } from "./testing/child.js";

/** What the fixture found after the guard. */
interface Report {
  readonly guard: Guard;
  /** Of fd 0, 1 and 2. */
  readonly kinds: readonly [string, string, string];
  /** The numbers that files got which were opened then. */
  readonly opened: readonly number[];
  /** Whether a child could print to fd 1. */
  readonly printed: boolean;
  /** How much could be read from fd 0. */
  readonly input: number;
}

let folder: string;
/** Descriptors of the test's own, to be closed after it. */
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

/** Both ends of a pipe: reading, writing. */
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

const nobodyReads = "a pipe that nobody reads";

/** What standard error may be. */
const errors: Record<string, () => number | "pipe"> = {
  "a pipe": () => pipe("stderr")[1],
  [nobodyReads]: closedReader,
  "a socket": () => "pipe",
  "a file": () => openFile(path.join(folder, "stderr"), "w"),
  "the null device": () => openFile(os.devNull, "w"),
};

/** What the host hands over: fd 0 and fd 1. */
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

/** What must hold whatever the descriptors were. */
function expectGuarded({ guard, kinds, opened, printed, input }: Report, error: string): void {
  expect(kinds).not.toContain("EBADF");
  expect(Math.min(...opened)).toBeGreaterThan(2);
  expect(new Set([guard.input, guard.output, ...opened]).size).toBe(guard.input === guard.output ? 4 : 5);
  expect(printed).toBe(error !== nobodyReads);
  expect(input).toBe(0);
}

describe.each(Object.entries(hosts))("after the guard, with %s from the host", (host, handOver) => {
  it.each(Object.entries(errors))("fd 0 and fd 1 are never free: standard error is %s", async (error, openError) => {
    const report = await run(process.execPath, [], [...handOver(), openError()]);
    expectGuarded(report, error);
    const [input, output, stderr] = report.kinds;
    if (host === "two sockets") {
      // They can not be moved; who writes to them through Node is led elsewhere.
      expect(report.guard).toEqual({ transport: "pipes", input: 0, output: 1 });
      return;
    }
    expect(report.guard.input).toBeGreaterThan(2);
    expect(input).toBe("device");
    if (host !== "pipes") return;
    expect(report.guard.output).toBeGreaterThan(2);
    // What can be opened anew takes its place; otherwise the null device does.
    const reopened = error !== "a socket" && error !== nobodyReads;
    expect(output).toBe(reopened ? stderr : "device");
  });
});

describe("after the guard, with one socket from the host", () => {
  const shell = ["-c", 'exec "$0" "$@" 0<&3 3<&-', process.execPath];

  it.each(Object.entries(errors))("fd 0 and fd 1 are never free: standard error is %s", async (error, openError) => {
    for (const stdout of ["ignore", openFile(path.join(folder, "stdout"), "w"), pipe("stdout")[1]] as const) {
      const stderr = openError();
      const report = await run("sh", shell, ["ignore", stdout, stderr, "pipe"]);
      expectGuarded(report, error);
      expect(report.guard).toEqual({ transport: "socket", input: 0, output: 0 });
    }
  });
});
