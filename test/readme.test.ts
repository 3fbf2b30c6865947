/** Compiles and runs the README's examples verbatim, in a project that has only the packages. */
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

const exec = promisify(execFile);

/** Runs Node in the project, with a timeout in case it hangs. */
function node(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return exec(process.execPath, args, { cwd: project, timeout: 170_000 });
}
const top = join(dirname(fileURLToPath(import.meta.url)), "..");
const readme = readFileSync(join(top, "README.md"), "utf8");
const examples = [...readme.matchAll(/<!-- test: [^>]*-->\n```ts\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

let project: string;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "kloset-readme-"));
  symlinkSync(join(top, "node_modules"), join(project, "node_modules"));
  const [plugin = "", pages = "", host = ""] = examples;
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(project, "notes.ts"), plugin);
  writeFileSync(join(project, "try.ts"), host);
  writeFileSync(join(project, "pages.ts"), pages);
  writeFileSync(
    join(project, "run-pages.ts"),
    'import "@kloset/sdk/guard";\nimport { run } from "@kloset/sdk";\nimport pages from "./pages.js";\nawait run(pages);\n',
  );
  const options = ["--strict", "--target", "ES2023", "--module", "NodeNext", "--types", "node"];
  await node(join(top, "node_modules/typescript/bin/tsc"), ...options, "notes.ts", "try.ts", "run-pages.ts");
  chmodSync(join(project, "notes.js"), 0o755);
}, 60_000);

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

describe("the README", () => {
  it("shows a plugin of about twenty lines", () => {
    expect(examples).toHaveLength(3);
    const lines = (examples[0] ?? "")
      .trim()
      .split("\n")
      .filter((line) => line.trim() !== "");
    expect(lines.length).toBeLessThanOrEqual(22);
  });

  it("shows a plugin that works with the host of the README", async () => {
    const { stdout, stderr } = await node("try.js");
    expect(stderr).toBe("");
    expect(stdout.split("\n").map((line) => line.trim())).toEqual([
      "/",
      "/notes",
      "/notes/today.txt Buy milk.",
      "",
      "/notes/tomorrow.txt Drink it.",
      "",
      "",
    ]);
  });

  it("shows a plugin that passes the conformance kit with the command of the README", async () => {
    // Must be the published name: npx would install any other from a stranger.
    const command = /^npx @kloset\/conformance (.*)$/m.exec(readme)?.[1]?.split(" ") ?? [];
    // The file that npx runs where the package is installed.
    const { stdout } = await node("node_modules/@kloset/conformance/dist/cli/main.js", "--quiet", ...command);
    expect(stdout).toMatch(/^\n\.\/notes\.js as importer conforms: \d+ passed/);
  }, 180_000);

  it("shows a plugin with options that passes the conformance kit", async () => {
    writeFileSync(
      join(project, "run-pages.sh"),
      `#!/bin/sh\nexec "${process.execPath}" "${join(project, "run-pages.js")}"\n`,
    );
    chmodSync(join(project, "run-pages.sh"), 0o755);
    const kit = ["node_modules/@kloset/conformance/dist/cli/main.js", "--quiet", "--connector", "importer"];
    const { stdout } = await node(...kit, "--location", "pages:///", "--config", "token=hush-hush", "./run-pages.sh");
    expect(stdout).toMatch(/as importer conforms: \d+ passed/);
  }, 180_000);

  it("shows a plugin that prints a usage message and exits with code 2 in a shell", () => {
    const shell = spawnSync(join(project, "notes.js"), {
      cwd: project,
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      timeout: 20_000,
    });
    expect(shell.status).toBe(2);
    expect(shell.stdout).toBe("");
    expect(shell.stderr.trim().split("\n")).toHaveLength(2);
  });

  it("names commands that exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(top, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    for (const [, name = ""] of readme.matchAll(/npm run ([\w:]+)/g)) expect(Object.keys(scripts)).toContain(name);
  });

  it("names files that exist", () => {
    for (const [, path = ""] of readme.matchAll(/\]\((?!http)([^)#]+)\)/g)) {
      expect(() => readFileSync(join(top, path))).not.toThrow(/ENOENT/);
    }
  });
});
