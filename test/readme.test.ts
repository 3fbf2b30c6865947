/** Compiles and runs the README's examples verbatim, in a project that has only the packages. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { examples, readmeProject } from "./readme-project.js";

const project = readmeProject();
const { node } = project;

beforeAll(async () => {
  await project.compile();
}, 180_000);

afterAll(() => {
  project.remove();
});

describe("the README", () => {
  it("shows a plugin of about twenty lines", () => {
    expect(examples).toHaveLength(3);
    const lines = (examples[0] ?? "")
      .trim()
      .split("\n")
      .filter((line) => line.trim() !== "");
    expect(lines.length).toBeLessThanOrEqual(18);
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
    // readme.slow.test.ts checks all rules.
    expect(await project.kit("--rule", "process.starts", "--rule", "importer.tree")).toMatch(
      /^\n\.\/notes\.js as importer conforms: \d+ passed/,
    );
  }, 180_000);

  it("shows a plugin with options that passes the conformance kit", async () => {
    const location = ["--connector", "importer", "--location", "pages:///", "--config", "token=hush-hush"];
    const { stdout } = await node(
      project.kitProgram,
      "--quiet",
      "--strict",
      "--rule",
      "importer.tree",
      ...location,
      "./run-pages.js",
    );
    expect(stdout).toMatch(/as importer conforms: \d+ passed/);
  }, 180_000);

  it("shows, for @kloset/testing, a test of about twenty lines that passes and leaves nothing open", async () => {
    const text = readFileSync(join(project.folder, "notes.test.ts"), "utf8");
    expect(text.trim().split("\n").length).toBeLessThanOrEqual(22);
    // The process ends only if nothing keeps it alive.
    const { stdout } = await node("--test", "notes.test.js");
    expect(stdout).toMatch(/pass 1\b/);
  }, 180_000);

  it("shows a plugin that prints a usage message and exits with code 2 in a shell", () => {
    const shell = spawnSync(join(project.folder, "notes.js"), {
      cwd: project.folder,
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      timeout: 120_000,
    });
    expect(shell.status).toBe(2);
    expect(shell.stdout).toBe("");
    expect(shell.stderr.trim().split("\n")).toHaveLength(2);
  });
});
