import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const exec = promisify(execFile);
export const top = join(dirname(fileURLToPath(import.meta.url)), "..");
export const readme = readFileSync(join(top, "README.md"), "utf8");

/** The TypeScript examples of the README: the plugin, and the host. */
export const examples = blocks("ts");

/** Returns the tested code blocks of the README in a language. */
function blocks(language: string): string[] {
  const pattern = new RegExp(`<!-- test: [^>]*-->\n\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g");
  return [...readme.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** A folder with the README's examples and its tsconfig.json, which has only the packages. */
export interface ReadmeProject {
  readonly folder: string;
  /** Runs Node in the folder, with a timeout in case it hangs. */
  readonly node: (...args: string[]) => Promise<{ stdout: string; stderr: string }>;
  /** Compiles the examples as the README says. @param typescript - The folder of the compiler's package. */
  compile(typescript?: string): Promise<void>;
  remove(): void;
}

/** Creates the README's project, not yet compiled. */
export function readmeProject(): ReadmeProject {
  const folder = mkdtempSync(join(tmpdir(), "kloset-readme-"));
  const node: ReadmeProject["node"] = (...args) => exec(process.execPath, args, { cwd: folder, timeout: 170_000 });
  symlinkSync(join(top, "node_modules"), join(folder, "node_modules"));
  const [plugin = "", host = ""] = examples;
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "tsconfig.json"), blocks("json")[0] ?? "");
  writeFileSync(join(folder, "notes.ts"), plugin);
  writeFileSync(join(folder, "try.ts"), host);
  return {
    folder,
    node,
    compile: async (typescript = join(top, "node_modules/typescript")) => {
      await node(join(typescript, "bin/tsc"));
      chmodSync(join(folder, "notes.js"), 0o755);
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
