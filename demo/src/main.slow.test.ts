import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { demoForTests, TIMEOUT_MS } from "./testing/demo-process.js";
import { writeTo } from "./testing/tree.js";

const demo = demoForTests();

describe("the demo", () => {
  it(
    "keeps its folders with --keep",
    async () => {
      const { code, stderr } = await demo.run("--keep", demo.small);
      expect(code).toBe(0);
      const kept = [...stderr.matchAll(/^v1\.[01] kept: (.*)$/gm)].map((match) => match[1] ?? "");
      expect(kept).toHaveLength(2);
      for (const folder of kept) expect(readdirSync(join(folder, "restored")).sort()).toEqual(["a", "b", "link"]);
    },
    TIMEOUT_MS,
  );

  it(
    "exits with 1, and reports the entries that were not restored",
    async () => {
      const folder = join(demo.top, "with a bad name");
      mkdirSync(folder);
      // No host can store a name that is not UTF-8, not even for root.
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x62, 0xff])]), "");
      const { code, stdout } = await demo.run(folder);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^v1\.0: errors:\n {2}.*UTF-8/m);
      expect(stdout).toMatch(/^v1\.1: errors:\n {2}.*UTF-8/m);
      expect(stdout).toMatch(/^v1\.1: differences:$/m);
      expect(stdout).toMatch(/^v1\.1 +\d+ +0 +0 +1 +[12] /m);
      expect(readdirSync(demo.temporary)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "removes restored directories that deny access to their owner",
    async () => {
      const folder = join(demo.top, "closed");
      writeTo(join(folder, "directory/file"), "x", 0o400);
      chmodSync(join(folder, "directory"), 0o500);
      const { code } = await demo.run(folder);
      expect(code).toBe(0);
      expect(readdirSync(demo.temporary)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe("an interrupted demo", () => {
  let folder = "";

  beforeAll(() => {
    // A hole takes no space, but is too large to be read before the signal is sent.
    folder = join(demo.top, "endless");
    writeTo(join(folder, "hole"), "", 0o644);
    truncateSync(join(folder, "hole"), 2 ** 42);
  });

  it.each([
    ["Ctrl-C", "SIGINT", 130, true],
    ["SIGTERM to it alone", "SIGTERM", 143, false],
  ] as const)(
    "by %s ends its plugins and removes its files",
    async (_what, signal, exitCode, toGroup) => {
      const { child, stderr, ended } = demo.start([folder]);
      while (!stderr().includes("v1.0 back up and store")) await once(child.stderr ?? child, "data");
      if (child.pid === undefined) throw new Error("not started");
      expect(readdirSync(demo.temporary)).not.toEqual([]);
      process.kill(toGroup ? -child.pid : child.pid, signal);
      const { code, stdout } = await ended;
      expect([code, stdout]).toEqual([exitCode, ""]);
      expect(stderr()).toMatch(
        /interrupted: ending the plugins and removing the temporary files …\n(.*\n)*ended by SIG/,
      );
      expect(stderr()).not.toContain("    at ");
      expect(readdirSync(demo.temporary)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
