// Runs a suite in test frameworks other than Jest. Mocha comes from the npm registry.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { bundled } from "@kloset/test-support";
import { rules } from "./rules/index.js";

const exec = promisify(execFile);
const fixture = bundled(new URL("../fixtures/process.js", import.meta.url));
const PATIENT_MS = 300_000;
/** Number of rules in the suite. */
const EXITS = rules.filter(({ id, connector }) => connector === "importer" && id.startsWith("process.exits.")).length;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kloset-frameworks-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Writes the suite of a sound plugin. @param imports - The statement that imports `describe` and `it`, if any. */
async function suite(imports: string): Promise<string> {
  const file = join(folder, "suite.mjs");
  const kit = JSON.stringify(new URL("../dist/index.js", import.meta.url).href);
  const subject = JSON.stringify({
    connector: "importer",
    executable: process.execPath,
    args: [fixture],
    location: "memory://{unique}",
    generations: ["v1.1"],
  });
  await writeFile(
    file,
    `${imports}
import { describeConformance, rules } from ${kit};
const exits = rules.filter(({ id }) => id.startsWith("process.exits."));
describeConformance(${subject}, { describe, it }, { rules: exits });
`,
  );
  return file;
}

describe("describeConformance", () => {
  it(
    "sets its own time limit under Mocha",
    async () => {
      await exec("npm", ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "mocha@12"]);
      const mocha = join(folder, "node_modules/mocha/bin/mocha.js");
      // No plugin starts within Mocha's limit of 1 ms.
      const { stdout } = await exec(process.execPath, [mocha, "--timeout", "1", await suite("")], { cwd: folder });
      expect(stdout).toContain(`${EXITS} passing`);
    },
    PATIENT_MS,
  );

  it(
    "runs under node:test",
    async () => {
      const file = await suite('import { describe, it } from "node:test";');
      const { stdout } = await exec(process.execPath, ["--test", "--test-reporter=tap", file], { cwd: folder });
      expect(stdout).toMatch(new RegExp(`^# pass ${EXITS}$`, "m"));
    },
    PATIENT_MS,
  );
});
