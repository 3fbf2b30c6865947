import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll } from "@jest/globals";

const exec = promisify(execFile);

/** The folder of the repository. */
export const top = join(dirname(fileURLToPath(import.meta.url)), "..");
/** The text of the README. */
export const readme = readFileSync(join(top, "README.md"), "utf8");
/** The README's tested examples: a plugin and a host. */
export const examples = [...readme.matchAll(/<!-- test: [^>]*-->\n```ts\n([\s\S]*?)```/g)].map(
  (match) => match[1] ?? "",
);

/** A project that has only the packages, and the README's compiled examples. */
export interface ReadmeProject {
  readonly folder: () => string;
  /** Runs Node in the project, with a timeout in case it hangs. */
  readonly node: (...args: string[]) => Promise<{ stdout: string; stderr: string }>;
  /** Runs the README's command of the conformance kit with further options, and returns its output. */
  readonly kit: (...options: string[]) => Promise<string>;
}

/** Makes the project for the tests of a file. */
export function readmeProject(): ReadmeProject {
  let project: string;
  const node: ReadmeProject["node"] = (...args) => exec(process.execPath, args, { cwd: project, timeout: 170_000 });

  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), "kloset-readme-"));
    symlinkSync(join(top, "node_modules"), join(project, "node_modules"));
    const [plugin = "", host = ""] = examples;
    writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(project, "notes.ts"), plugin);
    writeFileSync(join(project, "try.ts"), host);
    const options = ["--strict", "--target", "ES2023", "--module", "NodeNext", "--types", "node"];
    await node(join(top, "node_modules/typescript/bin/tsc"), ...options, "notes.ts", "try.ts");
    chmodSync(join(project, "notes.js"), 0o755);
  }, 180_000);

  afterAll(() => {
    rmSync(project, { recursive: true, force: true });
  });

  return {
    folder: () => project,
    node,
    kit: async (...options) => {
      // Must be the published name: npx would install any other from a stranger.
      const command = /^npx @kloset\/conformance (.*)$/m.exec(readme)?.[1]?.split(" ") ?? [];
      // The file that npx runs where the package is installed.
      const main = "node_modules/@kloset/conformance/dist/cli/main.js";
      return (await node(main, "--quiet", ...options, ...command)).stdout;
    },
  };
}
