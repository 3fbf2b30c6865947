// Compiles and runs the README's examples with every supported TypeScript, from the npm registry: the README installs
// the latest, not the version that this project is built with. Also runs the whole conformance kit on its plugin.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readme, readmeProject } from "./readme-project.js";

const exec = promisify(execFile);
/** The first and the last of the README, and what `npm install typescript` gives today. */
const VERSIONS = ["5.7", "6", "7", "latest"] as const;
const INSTALL_MS = 300_000;
const COMPILE_MS = 170_000;

let compilers: string;

beforeAll(async () => {
  compilers = mkdtempSync(join(tmpdir(), "kloset-typescript-"));
  const packages = VERSIONS.map((version) => `typescript-${version}@npm:typescript@${version}`);
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
  await exec("npm", ["install", "--prefix", compilers, ...quiet, ...packages], { timeout: INSTALL_MS });
}, INSTALL_MS);

afterAll(() => {
  rmSync(compilers, { recursive: true, force: true });
});

describe("the README's commands", () => {
  it.each(VERSIONS)(
    "compile its examples with TypeScript %s",
    async (version) => {
      const project = readmeProject();
      try {
        await project.compile(join(compilers, "node_modules", `typescript-${version}`));
        expect((await project.node("try.js")).stdout).toContain("/notes/today.txt Buy milk.");
      } finally {
        project.remove();
      }
    },
    COMPILE_MS,
  );

  it("state the supported versions", () => {
    const latest = join(compilers, "node_modules/typescript-latest/package.json");
    const { version } = JSON.parse(readFileSync(latest, "utf8")) as { version: string };
    expect(readme).toContain(`TypeScript 5.7 to ${String(version.split(".")[0])}`);
  });
});

// In one generation: readme.test.ts checks some rules in both.
it("the README shows a plugin that passes the whole conformance kit with the command of the README", async () => {
  const project = readmeProject();
  try {
    await project.compile();
    expect(await project.kit("--generation", "v1.0")).toMatch(/^\n\.\/notes\.js as importer conforms: \d+ passed/);
  } finally {
    project.remove();
  }
}, 180_000);
