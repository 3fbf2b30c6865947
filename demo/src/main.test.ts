import { cpSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { built, demoForTests, TIMEOUT_MS } from "./testing/demo-process.js";

const usage = "Usage: npm run demo [-- [--keep] [DIR]]";
const demo = demoForTests();

describe("the demo", () => {
  it(
    "prints a table, and ends with 0, when everything came back",
    async () => {
      const { code, stdout, stderr } = await demo.run("small folder");
      expect(stdout).toMatch(/^generation +entries +bytes +left out +errors +differences +seconds$/m);
      expect(stdout).toMatch(/^v1\.0 +6 +10 +0 +0 +0 +\d+\.?\d*$/m);
      expect(stdout).toMatch(/^v1\.1 +6 +10 +0 +0 +0 +\d+\.?\d*$/m);
      // Plain lines, no bars, and no warnings that a reader would have to ask about.
      expect(stderr.split("\n")).toEqual([
        `${demo.small} is backed up, stored, read back, restored and compared, once for each generation.`,
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
    ["a folder that does not exist", ["none"], '"none" can not be used: ENOENT'],
    ["a file", ["small folder/a"], '"small folder/a" is not a folder'],
    ["an unknown option", ["--fast"], "Unknown option '--fast'"],
    ["two folders", ["one", "two"], 'one folder, not 2: "one", "two"'],
  ])("refuses %s, with the usage and exit code 2", async (_what, args, message) => {
    const { code, stdout, stderr } = await demo.run(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.startsWith(message)).toBe(true);
    expect(stderr).toContain(`\n\n${usage}`);
    expect(stderr).not.toContain("    at ");
  });

  it("refuses a folder that its own temporary files would be in", async () => {
    const { code, stderr } = await demo.run(demo.top);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `"${demo.top}" holds the folder for temporary files, ${demo.temporary}: set TMPDIR to one outside of it`,
    );
  });
});

it("a plugin that is not built is one line, not a stack trace", async () => {
  const elsewhere = join(demo.top, "not built");
  cpSync(built, join(elsewhere, "demo/dist"), { recursive: true });
  cpSync(join(built, "../package.json"), join(elsewhere, "demo/package.json"));
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(elsewhere, "node_modules"));
  const { code, stdout, stderr } = await demo.start([demo.small], join(elsewhere, "demo/dist/main.js")).ended;
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /^the plugin is not built: .*tsfs-importer\.cjs.* can not be run\. Build it with: npm run build\n$/,
  );
});
