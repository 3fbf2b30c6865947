import { cpSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { built, demoForTests, TIMEOUT_MS } from "./testing/demo-process.js";

const usage = "Usage: npm run demo -- [options] [folder]";
const demo = demoForTests();

describe("the demo", () => {
  it(
    "prints a table, and exits with 0, if both trees are identical",
    async () => {
      const { code, stdout, stderr } = await demo.run("small folder");
      expect(stdout).toMatch(/^generation +entries +bytes +left out +errors +differences +seconds$/m);
      expect(stdout).toMatch(/^v1\.0 +6 +10 +0 +0 +0 +\d+\.?\d*$/m);
      expect(stdout).toMatch(/^v1\.1 +6 +10 +0 +0 +0 +\d+\.?\d*$/m);
      // Plain lines, without bars or warnings.
      expect(stderr.split("\n")).toEqual([
        `Backing up, storing, reading back, restoring and comparing ${demo.small}, once for each generation.`,
        "It has 6 entries and 10 bytes.",
        ...["v1.0", "v1.1"].flatMap((generation) => [
          expect.stringMatching(`^${generation} back up and store: \\d+ entries …$`),
          `${generation} read back and restore: 6 entries …`,
          `${generation} compare: 6 entries …`,
        ]),
        "",
      ]);
      expect(code).toBe(0);
      expect(readdirSync(demo.temporary)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe("the command line", () => {
  it("--help prints the usage", async () => {
    const { code, stdout, stderr } = await demo.run("--help");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.startsWith(usage)).toBe(true);
  });

  it.each([
    ["a folder that does not exist", ["none"], 'cannot use "none": ENOENT'],
    ["a file", ["small folder/a"], '"small folder/a" is not a folder'],
    ["an unknown option", ["--fast"], `error: unknown option '--fast'\n\n${usage}`],
    ["two folders", ["one", "two"], `error: too many arguments. Expected 1 argument but got 2.\n\n${usage}`],
  ])("rejects %s, with exit code 2", async (_what, args, message) => {
    const { code, stdout, stderr } = await demo.run(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.startsWith(message)).toBe(true);
    expect(stderr).not.toContain("    at ");
  });

  it("rejects a folder that contains the folder for temporary files", async () => {
    const { code, stderr } = await demo.run(demo.top);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `"${demo.top}" contains the folder for temporary files, ${demo.temporary}: set TMPDIR to a folder outside of it`,
    );
  });
});

it("reports a plugin that is not built in one line, without a stack trace", async () => {
  const elsewhere = join(demo.top, "not built");
  cpSync(built, join(elsewhere, "demo/dist"), { recursive: true });
  cpSync(join(built, "../package.json"), join(elsewhere, "demo/package.json"));
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(elsewhere, "node_modules"));
  const { code, stdout, stderr } = await demo.start([demo.small], join(elsewhere, "demo/dist/main.js")).ended;
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /^the plugin is not built: cannot run .*tsfs-importer\.cjs.*\. Build it with: npm run build\n$/,
  );
});
