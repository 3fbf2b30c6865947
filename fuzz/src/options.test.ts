import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { calmAuthor } from "./capture.js";
import { inputToText, type Input } from "./input.js";
import { optionsOf, UsageError } from "./options.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kloset-fuzz-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function errorOf(...args: string[]): unknown {
  try {
    optionsOf(args);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("the command line", () => {
  it("has defaults", () => {
    expect(optionsOf([])).toMatchObject({
      runs: 100_000,
      processes: 200,
      differential: 5000,
      seed: 20_260_401,
      seconds: undefined,
      replay: undefined,
    });
  });

  it("is parsed", () => {
    const args = [
      "--runs",
      "0",
      "--processes=7",
      "--seed",
      "8",
      "--seconds",
      "9",
      "--workers",
      "3",
      "--server",
      "connect",
      "--target",
      "a.js#b",
    ];
    expect(optionsOf(args)).toMatchObject({ runs: 0, processes: 7, seed: 8, seconds: 9, workers: 3, target: "a.js#b" });
  });

  it.each([
    [["--runs", "-1"], /^option '--runs <n>' argument '-1' is invalid\. expected an integer of at least 0$/],
    [["--runs=-1"], /'-1' is invalid\. expected an integer of at least 0$/],
    [["--runs", "x"], /'x' is invalid\. expected an integer of at least 0$/],
    [["--runs="], /'' is invalid\. expected an integer of at least 0$/],
    [["--seed", "1e99"], /^option '--seed <n>' argument '1e99' is invalid/],
    [["--workers", "0"], /'0' is invalid\. expected an integer of at least 1$/],
    [["--server", "xx"], /^option '--server <name>' argument 'xx' is invalid\. Allowed choices are connect, framed\.$/],
    [["--server"], /^option '--server <name>' argument missing$/],
    [["--nothing"], /^unknown option '--nothing'$/],
    [["7"], /^too many arguments\. Expected 0 arguments but got 1\.$/],
    [["--replay", "/nope"], /^--replay \/nope: ENOENT/],
  ])("rejects %j in one line", (args, message) => {
    const error = errorOf(...args);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message: expect.stringMatching(message) as unknown });
    expect(String(error)).not.toContain("\n");
  });

  it("accepts a file with an input to replay, and no other file", () => {
    const file = join(folder, "input.json");
    const input: Input = {
      kind: "wire",
      what: "bytes",
      author: calmAuthor,
      steps: [Buffer.from("abc"), 3, "quiet"],
      reads: "all",
      end: "end",
    };
    writeFileSync(file, inputToText(input));
    expect(optionsOf(["--replay", file]).replay).toEqual({ file, input });
    for (const text of [
      "",
      "{}",
      "null",
      "[1]",
      '{"kind":"wire","author":{}}',
      '{"kind":"rpc","author":{},"steps":[]}',
    ]) {
      writeFileSync(file, text);
      expect(errorOf("--replay", file)).toBeInstanceOf(UsageError);
    }
  });

  it.each([[["--runs", "-1"]], [["--server", "xx"]], [["--replay", "/nope"]]])(
    "exits with one line and code 2 for %j",
    (args) => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [fileURLToPath(new URL("../dist/main.js", import.meta.url)), ...args],
        { encoding: "utf8" },
      );
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(/^fuzz: .*\n$/);
    },
    60_000,
  );
});
