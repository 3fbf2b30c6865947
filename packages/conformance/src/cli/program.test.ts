import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { bundled } from "@kloset/test-support";
import type { Report } from "../outcome.js";
import { runCommand } from "./program.js";

const fixture = bundled(new URL("../../fixtures/process.js", import.meta.url));
const few = [
  "--connector",
  "importer",
  "--location",
  "memory://there",
  "--generation",
  "v1.1",
  "--rule",
  "process.exits",
];
const one = [...few.slice(0, -1), "process.exits.unused"];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kloset-command-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const printed = { out: "", error: "" };
  const code = await runCommand(args, {
    out: (text) => (printed.out += text),
    error: (text) => (printed.error += text),
  });
  return { code, ...printed };
}

function plugin(...args: string[]): string[] {
  return ["--", process.execPath, fixture, ...args];
}

describe("kloset-conformance", () => {
  it("exits with 0 for a plugin that keeps the rules", async () => {
    const { code, out } = await run(...few, ...plugin());
    expect(out).toMatch(/^ok {6}v1\.1 {2}process\.exits\.unused: exits with 0 /);
    expect(out).toMatch(/as importer conforms: 7 passed\n$/);
    expect(code).toBe(0);
  });

  it("exits with 1 for a plugin that breaks a rule, and writes the reports", async () => {
    const [json, junit] = [join(folder, "report.json"), join(folder, "report.xml")];
    const { code, out } = await run(
      ...few,
      "--quiet",
      "--json",
      json,
      "--junit",
      junit,
      ...plugin("process.exits.unused"),
    );
    expect(out).toMatch(
      /^FAILED {2}v1\.1 {2}process\.exits\.unused: .*\n {8}the plugin exited with code 3 after its input was closed\n {8}why it matters: .*\n {8}level: required by plakar-1\.1, plaklet, kloset-1\.1\.4\n {8}check it alone: npx @kloset\/conformance --connector importer --location memory:\/\/there --generation v1\.1 --rule process\.exits\.unused -- /,
    );
    expect(out).toMatch(/does not conform: 6 passed, 1 failed\n$/);
    expect(code).toBe(1);
    const report = JSON.parse(await readFile(json, "utf8")) as Report;
    expect(report).toMatchObject({ ok: false, counts: { passed: 6, failed: 1 } });
    const xml = await readFile(junit, "utf8");
    expect(xml).toContain('<testsuites tests="7" failures="1" errors="0" skipped="0">');
    expect(xml).toContain(
      '<failure message="the plugin exited with code 3 after its input was closed" type="failed"/>',
    );
  });

  it("exits with 0 for a known deviation, and with 1 for a stale one", async () => {
    const known = join(folder, "known.json");
    await writeFile(known, JSON.stringify([{ rule: "process.exits.unused", reason: "not needed here" }]));
    const broken = await run(...few, "--known", known, ...plugin("process.exits.unused"));
    expect(broken.out).toContain("known: not needed here");
    expect(broken.code).toBe(0);
    const alone = await run(...one, "--known", known, ...plugin("process.exits.unused"));
    expect(alone.out).toMatch(/as importer conforms: 1 deviates\n$/);
    expect(alone.code).toBe(0);
    const sound = await run(...one, "--known", known, ...plugin());
    expect(sound.out).toContain("listed as a known deviation (not needed here), but the plugin keeps the rule");
    expect(sound.code).toBe(1);
  });

  it("prints JSON, and nothing else, to standard output", async () => {
    const { code, out, error } = await run(...one, "--json", "-", ...plugin());
    expect(JSON.parse(out)).toMatchObject({ ok: true });
    expect(error).toContain("conforms");
    expect(code).toBe(0);
  });

  it.each(["--json", "--junit"])("checks nothing when the file of %s cannot be written", async (option) => {
    const { code, out, error } = await run(...one, option, join(folder, "nowhere", "report"), ...plugin());
    expect(error).toMatch(
      /^error: cannot write the report: ENOENT: no such file or directory, open '.*\/nowhere\/report'\n$/,
    );
    expect({ out, code }).toEqual({ out: "", code: 2 });
  });

  it("replaces an earlier report, unless nothing was checked", async () => {
    const json = join(folder, "again.json");
    await writeFile(json, "earlier ".repeat(10_000));
    await run(...one, "--json", json, "--rule", "nothing", ...plugin());
    expect(await readFile(json, "utf8")).toMatch(/^earlier /);
    await run(...one, "--json", json, ...plugin());
    expect(JSON.parse(await readFile(json, "utf8"))).toMatchObject({ ok: true });
  });

  // Every write to /dev/full fails with ENOSPC.
  const onLinux = process.platform === "linux" ? it : it.skip;

  onLinux("exits with 1 when a report cannot be written", async () => {
    const { code, error } = await run(...one, "--json", "/dev/full", ...plugin());
    expect(error).toBe('error: cannot write the report "/dev/full": ENOSPC: no space left on device, write\n');
    expect(code).toBe(1);
  });

  it("lists the rules", async () => {
    const { code, out } = await run("rules");
    expect(out).toContain(
      "importer\tv1.0,v1.1\tprocess.exits.unused\tplakar-1.0,plakar-1.1,plaklet,kloset-1.1.4\texits with 0",
    );
    expect(out).toMatch(/^importer\tv1\.0,v1\.1\tprocess\.calls\.unknown-fields\t-\t/m);
    expect(code).toBe(0);
  });

  it("warns of a broken robustness rule, and fails with --strict", async () => {
    const id = "process.calls.unknown-rpc";
    const args = [...one.slice(0, -1), id];
    const warned = await run(...args, ...plugin(id));
    expect(warned.out).toMatch(/^warn {4}v1\.1 {2}process\.calls\.unknown-rpc: /);
    expect(warned.out).toMatch(/as importer conforms: 1 warning\n$/);
    expect(warned.code).toBe(0);
    const json = JSON.parse((await run(...args, "--json", "-", ...plugin(id))).out) as Report;
    expect(json.outcomes).toMatchObject([{ verdict: "warning", level: "robustness", hosts: [] }]);
    const strict = await run(...args, "--strict", ...plugin(id));
    expect(strict.out).toMatch(/^FAILED {2}v1\.1 {2}process\.calls\.unknown-rpc: /);
    expect(strict.out).toContain(`--rule ${id} --strict -- `);
    expect(strict.code).toBe(1);
  });

  it("checks only the rule whose id it is given, not others that begin with it", async () => {
    const { out } = await run(...one.slice(0, -1), "process.starts.init", ...plugin());
    expect(out).toMatch(/^ok {6}v1\.1 {2}process\.starts\.init: /);
    expect(out).toMatch(/as importer conforms: 1 passed\n$/);
  });

  it("groups the rules that do not apply", async () => {
    const { out } = await run(...one.slice(0, -1), "importer.known", ...plugin());
    expect(out).not.toContain("importer.known");
    expect(out).toMatch(
      /^n\/a {5}v1\.1 {2}\d+ rules: the kit does not know the content of the plugin's source; to check them, put/m,
    );
  });

  it("has the plugin's importer read back what its exporter has restored", async () => {
    const args = ["-c", "exporter", "-l", "tsfs://{directory}", "--no-directory", "-g", "v1.1"];
    const rule = ["--rule", "exporter.tree.contents", fileSystemPlugin("exporter")];
    const alone = await run(...args, ...rule);
    expect(alone.out).toMatch(/^n\/a .* or pass the plugin's importer with --read-back$/m);
    expect(alone.code).toBe(1);
    const { out, code } = await run(...args, "--read-back", fileSystemPlugin("importer"), ...rule);
    expect(out).toMatch(/as exporter conforms: 1 passed\n$/);
    expect(code).toBe(0);
  });

  it("fills the source of an importer with the plugin's exporter", async () => {
    const args = ["-c", "importer", "-l", "tsfs://{directory}", "--no-directory", "-g", "v1.0"];
    const seed = ["--seed", fileSystemPlugin("exporter")];
    const rules = ["--rule", "importer.known.complete", "--rule", "importer.source.vanished"];
    const { out, code } = await run(...args, ...seed, ...rules, fileSystemPlugin("importer"));
    expect(out).toContain(
      "n/a     v1.0  1 rule: the kit cannot delete files from the plugin's source; to check them, put",
    );
    expect(out).toMatch(/as importer conforms: 1 passed, 1 not applicable\n$/);
    expect(code).toBe(0);
  });

  it("names the other executable that cannot be started, and passes its arguments and configuration", async () => {
    const args = ["-c", "exporter", "-l", "tsfs://{directory}", "-g", "v1.1", "--rule", "exporter.tree.contents"];
    const missing = await run(...args, "--read-back", "/nowhere/importer", fileSystemPlugin("exporter"));
    expect(missing.out).toMatch(/the importer that reads back, "\/nowhere\/importer": .*no such file/);
    expect(missing.out).toContain(" --read-back /nowhere/importer ");
    expect(missing.out).toMatch(/does not conform: 1 failed, 1 not asked\n$/);
    const more = ["--companion-arg", "/nowhere/importer.js", "--companion-config", "colour=red"];
    const failing = await run(...args, "--read-back", process.execPath, ...more, fileSystemPlugin("exporter"));
    expect(failing.out).toContain("Cannot find module '/nowhere/importer.js'");
    expect(failing.out).toMatch(
      /--read-back \S+ --companion-arg=\/nowhere\/importer\.js --companion-config colour=red /,
    );
  });

  it("takes the argument after the generation as the executable", async () => {
    const args = [
      "-c",
      "importer",
      "-l",
      "memory://there",
      "--rule",
      "process.exits.unused",
      "-g",
      "v1.1",
      "-g",
      "v1.0",
      "-g",
      "v1.1",
    ];
    const { code, out } = await run(...args, process.execPath, fixture);
    expect(out.split("\n").slice(0, 2)).toEqual([
      expect.stringMatching(/^ok {6}v1\.1 /),
      expect.stringMatching(/^ok {6}v1\.0 /),
    ]);
    expect(out).toMatch(/as importer conforms: 2 passed\n$/);
    expect(code).toBe(0);
  });

  it("shows the help, without unreadable defaults, and the version", async () => {
    const help = await run("--help");
    expect(help.out).toContain("--rule <prefix>");
    expect(help.out).toContain("(default: 60)");
    expect(help.out).not.toMatch(/default: [{[]/);
    expect(help.code).toBe(0);
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(await run("--version")).toEqual({ code: 0, out: `${version}\n`, error: "" });
  });

  it.each([
    ["no executable", few, "missing required argument 'executable'"],
    ["no connector", ["--location", "a://b", "x"], "required option '-c, --connector <kind>' not specified"],
    ["another connector", ["-c", "reader", "-l", "a://b", "x"], "argument 'reader' is invalid"],
    ["another generation", ["-c", "importer", "-l", "a://b", "-g", "v2", "--", "x"], "argument 'v2' is invalid"],
    [
      "an invalid location",
      ["-c", "importer", "-l", "/there", "x"],
      'the location must have the form <protocol>://<rest>, got "/there"',
    ],
    [
      "a storage without a folder or name of its own",
      ["-c", "storage", "-l", "a://b", "x"],
      "must contain {directory} or {unique}",
    ],
    [
      "an unknown rule",
      ["-c", "importer", "-l", "a://b", "--rule", "nothing", "x"],
      'no rule for importer on v1.0 or v1.1 has an id that starts with "nothing"',
    ],
    [
      "a rule of another connector",
      ["-c", "importer", "-l", "a://b", "--rule", "storage.", "x"],
      'no rule for importer on v1.0 or v1.1 has an id that starts with "storage."',
    ],
    [
      "a rule of another generation",
      [
        "-c",
        "importer",
        "-l",
        "a://b",
        "-g",
        "v1.1",
        "--rule",
        "process",
        "--rule",
        "importer.source.scan-ends-well",
        "x",
      ],
      'no rule for importer on v1.1 has an id that starts with "importer.source.scan-ends-well"',
    ],
    [
      "a missing list of deviations",
      ["-c", "importer", "-l", "a://b", "--known", "/nowhere", "x"],
      "ENOENT: no such file or directory, open '/nowhere'",
    ],
    [
      "a storage to read back",
      ["-c", "storage", "-l", "a://{unique}", "--read-back", "y", "x"],
      "--read-back names the importer that reads back what an exporter has restored; got a storage",
    ],
    [
      "the source of an exporter",
      ["-c", "exporter", "-l", "a://{unique}", "--seed", "y", "x"],
      "--seed names the exporter that fills the source of an importer; got an exporter",
    ],
    [
      "a source that is filled, but not empty",
      ["-c", "importer", "-l", "a://b", "--seed", "y", "x"],
      'the location "a://b" of the importer must contain {directory} or {unique}',
    ],
    [
      "an argument of no other executable",
      ["-c", "importer", "-l", "a://b", "--companion-arg", "y", "x"],
      "--companion-arg and --companion-config need --read-back or --seed",
    ],
    ["configuration without a value", ["-c", "importer", "-l", "a://b", "-o", "key", "x"], "Expected key=value."],
    [
      "no time limit",
      ["-c", "importer", "-l", "a://b", "--timeout", "0", "x"],
      "Expected a number of seconds greater than 0.",
    ],
  ])("exits with 2 for %s", async (_, args, text) => {
    const { code, error } = await run(...args);
    expect(error).toContain(text);
    expect(code).toBe(2);
  });

  it.each<[string, () => string | Promise<string>, string]>([
    ["missing", () => "/nowhere/plugin", 'the plugin "/nowhere/plugin": no such file'],
    ["a folder", () => folder, ": it is a directory"],
    ["another program", () => "/bin/cat", 'the plugin printed to its connection, at its start: "PRI * HTTP/2.0'],
    [
      "a script that says hello",
      () => script("#!/bin/sh\necho hello\n"),
      'the plugin printed to its connection, at its start: "hello\\n"',
    ],
    ["a script without an interpreter", () => script("hello\n"), 'it has no "#!" line'],
  ])("reports once that a plugin is %s", async (_, executable, message) => {
    const { code, out } = await run(...few, await executable());
    expect(out).toMatch(/^FAILED {2}v1\.1 {2}process\.starts\.init: /);
    expect(out).toContain(message);
    expect(out.match(/why it matters/g)).toHaveLength(1);
    expect(out).toMatch(/does not conform: 1 failed, 7 not asked\n$/);
    expect(code).toBe(1);
  });
});

function fileSystemPlugin(connector: string): string {
  return fileURLToPath(new URL(`../../../../plugins/fs/dist/tsfs-${connector}.cjs`, import.meta.url));
}

async function script(text: string): Promise<string> {
  const path = join(folder, "script");
  await writeFile(path, text, { mode: 0o755 });
  return path;
}
