import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const exec = promisify(execFile);

/** The folder of the repository. */
const top = join(dirname(fileURLToPath(import.meta.url)), "..");
/** The text of the README. */
export const readme = readFileSync(join(top, "README.md"), "utf8");

/** The TypeScript examples of the README: a plugin, a module with options, and a host. */
export const examples = blocks("ts");

/** The executable of the module with options. */
const RUN_PAGES = `#!/usr/bin/env node
import "@kloset/sdk/guard";
import { run } from "@kloset/sdk";
import pages from "./pages.js";
await run(pages);
`;

/** The example of @kloset/testing, from the README of that package. */
const testExample = blocks("ts", readFileSync(join(top, "packages/testing/README.md"), "utf8"));

/** Returns the tested code blocks of a README in a language. */
function blocks(language: string, text = readme): string[] {
  const pattern = new RegExp(`<!-- test: [^>]*-->\n\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g");
  return [...text.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** A folder with the README's examples and its tsconfig.json, which has only the packages. */
export interface ReadmeProject {
  readonly folder: string;
  /** Runs Node in the folder, with a timeout in case it hangs. */
  readonly node: (...args: string[]) => Promise<{ stdout: string; stderr: string }>;
  /** Compiles the examples as the README says. @param typescript - The folder of the compiler's package. */
  readonly compile: (typescript?: string) => Promise<void>;
  /** The program of the conformance kit, which npx runs where the package is installed. */
  readonly kitProgram: string;
  /** Runs the README's command of the conformance kit with further options, and returns its output. */
  readonly kit: (...options: string[]) => Promise<string>;
  readonly remove: () => void;
}

/** Creates the README's project, not yet compiled. */
export function readmeProject(): ReadmeProject {
  const folder = mkdtempSync(join(tmpdir(), "kloset-readme-"));
  const node: ReadmeProject["node"] = (...args) => exec(process.execPath, args, { cwd: folder, timeout: 170_000 });
  symlinkSync(join(top, "node_modules"), join(folder, "node_modules"));
  const [plugin = "", pages = "", host = ""] = examples;
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "tsconfig.json"), blocks("json")[0] ?? "");
  writeFileSync(join(folder, "notes.ts"), plugin);
  writeFileSync(join(folder, "try.ts"), host);
  writeFileSync(join(folder, "pages.ts"), pages);
  writeFileSync(join(folder, "run-pages.ts"), RUN_PAGES);
  writeFileSync(join(folder, "notes.test.ts"), testExample[0] ?? "");
  const kitProgram = "node_modules/@kloset/conformance/dist/cli/main.js";
  return {
    folder,
    kitProgram,
    node,
    compile: async (typescript = join(top, "node_modules/typescript-native")) => {
      await node(join(typescript, "bin/tsc"));
      for (const name of ["notes.js", "run-pages.js"]) chmodSync(join(folder, name), 0o755);
    },
    kit: async (...options) => {
      // Must be the published name: npx would install any other from a stranger.
      const command = /^npx @kloset\/conformance (.*)$/m.exec(readme)?.[1]?.split(" ") ?? [];
      return (await node(kitProgram, "--quiet", "--strict", ...options, ...command)).stdout;
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
