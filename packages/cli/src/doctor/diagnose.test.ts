import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { runCli } from "../program.js";
import { testTerminal } from "../testing/terminal.js";
import { diagnose } from "./diagnose.js";
import type { Environment } from "./environment.js";
import type { Finding } from "./finding.js";

interface Machine extends Partial<Pick<Environment, "node" | "platform" | "variables" | "ownVersion">> {
  /** Texts of files, by path below the project. Undefined removes the file. */
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly modes?: Readonly<Record<string, number>>;
  readonly npm?: string | undefined;
  readonly plakar?: string | undefined;
}

const project = { name: "kloset-plugin-notes", version: "1.2.0", dependencies: { "@kloset/sdk": "^0.1.0" } };
const importer = { type: "importer", module: "./src/importer.ts" };

/** A machine and a project without a fault. */
const healthy: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ ...project, kloset: { connectors: [importer] } }),
  "src/importer.ts": "",
  "node_modules/typescript/package.json": '{"version": "6.0.3"}',
  "node_modules/@kloset/sdk/package.json": '{"version": "0.1.0"}',
  "node_modules/@kloset/host/package.json": '{"version": "0.1.0"}',
};

function environmentOf(machine: Machine): Environment {
  const files = new Map<string, string>();
  for (const [path, text] of Object.entries({ ...healthy, ...machine.files }))
    if (text !== undefined) files.set(join("/project", path), text);
  const { npm, plakar } = { npm: "11.0.0\n", plakar: "plakar/v1.1.4\n", ...machine };
  const commands: Readonly<Record<string, string | undefined>> = { npm, plakar };
  return {
    folder: "/project",
    node: machine.node ?? "24.1.0",
    platform: machine.platform ?? "linux",
    variables: machine.variables ?? {},
    ownVersion: machine.ownVersion ?? "0.1.0",
    readText: (path) => Promise.resolve(files.get(path)),
    list: (folder) => {
      const below = [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
      return Promise.resolve([...new Set(below.map((path) => path.slice(folder.length + 1).split("/", 1)[0] ?? ""))]);
    },
    mode: (path) =>
      Promise.resolve(files.has(path) ? (machine.modes?.[path.slice("/project/".length)] ?? 0o100644) : undefined),
    run: (command) => Promise.resolve(commands[command]),
  };
}

async function faults(machine: Machine): Promise<Finding[]> {
  return (await diagnose(environmentOf(machine))).filter(({ level }) => level !== "ok");
}

function packageJson(kloset: object | undefined, more: object = {}): { "package.json": string } {
  return { "package.json": JSON.stringify({ ...project, ...more, kloset }) };
}

describe("diagnose", () => {
  it("finds no fault on a healthy machine, and names the versions and hosts", async () => {
    const findings = await diagnose(environmentOf({}));
    expect(findings.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(findings.map(({ text }) => text)).toEqual([
      "linux",
      "Node 24.1.0",
      "npm 11.0.0",
      "TypeScript 6.0.3",
      "Plakar 1.1.4",
      "2 packages of version 0.1.0",
      "notes 1.2.0: importer",
      "Plakar 1.0 runs importer",
      "Plakar 1.1 runs importer",
      "plaklet runs importer",
      "no environment variable changes the behaviour of plugins",
    ]);
  });

  it.each<[string, Machine, Finding]>([
    [
      "an old Node",
      { node: "18.20.4" },
      {
        id: "node",
        level: "error",
        text: "Node 18.20.4 is too old: the SDK needs 20.19 or newer",
        fix: "nvm install 24",
      },
    ],
    [
      "a Node without long-term support",
      { node: "23.1.0" },
      {
        id: "node",
        level: "warning",
        text: "Node 23.1.0: the SDK is tested on Node 20, 22, 24, 26",
        fix: "nvm install 24",
      },
    ],
    [
      "a machine without npm",
      { npm: undefined },
      { id: "npm", level: "warning", text: "npm is not on PATH; Node brings it along", fix: "nvm install 24" },
    ],
    [
      "Windows",
      { platform: "win32" },
      {
        id: "platform",
        level: "warning",
        text: "win32: the SDK has never been run on Windows; in WSL, it runs as on Linux",
        fix: "wsl --install",
      },
    ],
    [
      "TypeScript 5.6",
      { files: { "node_modules/typescript/package.json": '{"version": "5.6.3"}' } },
      {
        id: "typescript",
        level: "error",
        text: "TypeScript 5.6.3 is too old: the types of the SDK need 5.7 or newer",
        fix: "npm install --save-dev typescript@^6",
      },
    ],
    [
      "TypeScript of the future",
      { files: { "node_modules/typescript/package.json": '{"version": "8.0.0-beta"}' } },
      {
        id: "typescript",
        level: "warning",
        text: "TypeScript 8.0.0-beta: the SDK is tested up to TypeScript 7",
        fix: "npm install --save-dev typescript@^6",
      },
    ],
    [
      "a project in TypeScript without TypeScript",
      { files: { "node_modules/typescript/package.json": undefined } },
      {
        id: "typescript",
        level: "warning",
        text: "TypeScript is not installed in the project: no types are checked",
        fix: "npm install --save-dev typescript@^6",
      },
    ],
    [
      "a machine without Plakar",
      { plakar: undefined },
      {
        id: "plakar",
        level: "warning",
        text: "plakar is not on PATH: packages cannot be created or installed here",
        fix: "go install github.com/PlakarKorp/plakar@v1.1.4",
      },
    ],
    [
      "an old Plakar",
      { plakar: "plakar/v1.0.2\n\nimporters: fs, ftp\n" },
      {
        id: "plakar",
        level: "error",
        text: "Plakar 1.0.2 is too old: the SDK serves Plakar 1.0.3 and newer",
        fix: "go install github.com/PlakarKorp/plakar@v1.1.4",
      },
    ],
    [
      "a prerelease of Plakar",
      { plakar: "plakar/v1.1.0-beta.2\n" },
      {
        id: "plakar",
        level: "warning",
        text: "Plakar 1.1.0-beta.2 is a prerelease with an unfinished protocol",
        fix: "go install github.com/PlakarKorp/plakar@v1.1.4",
      },
    ],
    [
      "a newer Plakar",
      { plakar: "plakar/v1.2.0-alpha.5\n" },
      {
        id: "plakar",
        level: "warning",
        text: "Plakar 1.2.0-alpha.5: the SDK is tested up to Plakar 1.1",
        fix: "go install github.com/PlakarKorp/plakar@v1.1.4",
      },
    ],
    [
      "another program of the name",
      { plakar: "unknown command\n" },
      {
        id: "plakar",
        level: "warning",
        text: 'expected `plakar version` to print plakar/v1.1.4 or the like, got "unknown command"',
        fix: "go install github.com/PlakarKorp/plakar@v1.1.4",
      },
    ],
    [
      "packages of different versions",
      {
        files: {
          ...packageJson(
            { connectors: [importer] },
            { devDependencies: { "@kloset/testing": "^0.2.0", jest: "^30.0.0" } },
          ),
          "node_modules/@kloset/testing/package.json": '{"version": "0.2.0"}',
        },
      },
      {
        id: "packages",
        level: "error",
        text:
          "packages of different versions: 0.1.0 (node_modules/@kloset/sdk and 1 more), " +
          "0.2.0 (node_modules/@kloset/testing)",
        fix: "npm install @kloset/sdk@0.2.0 && npm install --save-dev @kloset/testing@0.2.0",
      },
    ],
    [
      "a second version inside another package",
      { files: { "node_modules/@acme/lib/node_modules/@kloset/sdk/package.json": '{"version": "0.0.9"}' } },
      {
        id: "packages",
        level: "error",
        text:
          "packages of different versions: 0.1.0 (node_modules/@kloset/sdk and 1 more), " +
          "0.0.9 (node_modules/@acme/lib/node_modules/@kloset/sdk)",
        fix: "npm install @kloset/sdk@0.1.0",
      },
    ],
    [
      "a project that is not installed",
      { files: { "node_modules/@kloset/sdk/package.json": undefined } },
      { id: "packages", level: "error", text: "@kloset/sdk is not installed", fix: "npm install" },
    ],
    [
      "a declared package that is not installed",
      { files: packageJson({ connectors: [importer] }, { devDependencies: { "@kloset/testing": "^0.1.0" } }) },
      {
        id: "packages",
        level: "error",
        text: "@kloset/testing in package.json, but not installed",
        fix: "npm install",
      },
    ],
    [
      "a kloset of another version",
      { ownVersion: "0.3.0" },
      {
        id: "packages.kloset",
        level: "warning",
        text: "kloset 0.3.0 runs on a project with @kloset/sdk 0.1.0",
        fix: "npm install --save-dev kloset@0.1.0",
      },
    ],
    [
      "a folder without package.json",
      { files: { "package.json": undefined } },
      {
        id: "project",
        level: "error",
        text: "/project/package.json does not exist",
        fix: "npm init -y && npm pkg set type=module",
      },
    ],
    [
      "a project without a kloset key",
      { files: packageJson(undefined) },
      {
        id: "project",
        level: "error",
        text: "package.json has no kloset key, which lists the connectors",
        fix: "npm pkg set 'kloset.connectors[0].type=importer' 'kloset.connectors[0].module=./src/importer.ts'",
      },
    ],
    [
      "a name with an underscore",
      { files: packageJson({ connectors: [importer] }, { name: "@acme/kloset-plugin-my_notes" }) },
      {
        id: "project",
        level: "error",
        text: '/project/package.json: expected a name of letters, digits and hyphens, got "my_notes"',
        fix: "npm pkg set kloset.name=my-notes",
      },
    ],
    [
      "a misspelt key",
      { files: packageJson({ connectors: [importer], displayname: "Notes" }) },
      {
        id: "project",
        level: "error",
        text: expect.stringContaining("displayname") as unknown as string,
        fix: "Correct the kloset key of package.json.",
      },
    ],
    [
      "a module that does not exist",
      { files: { "src/importer.ts": undefined } },
      {
        id: "project.module",
        level: "error",
        text: "src/importer.ts does not exist",
        fix: "Correct kloset.connectors in package.json.",
      },
    ],
    [
      "plugin files without an execute bit",
      {
        files: {
          "dist/manifest.yaml": "connectors:\n  - executable: importer.cjs\n  - executable: my exporter.cjs\n",
          "dist/importer.cjs": "",
          "dist/my exporter.cjs": "",
        },
      },
      {
        id: "files",
        level: "error",
        text: "Plakar cannot execute dist/importer.cjs, dist/my exporter.cjs",
        fix: "chmod +x dist/importer.cjs 'dist/my exporter.cjs'",
      },
    ],
    [
      "a plugin that Plakar ignores",
      { files: packageJson({ connectors: [{ type: "inventory", module: "./src/importer.ts" }] }) },
      {
        id: "host.plakar-1.1",
        level: "warning",
        text: "Plakar 1.1 ignores secret providers and inventories, and the plugin has nothing else",
        fix: "Use the plugin with Plakar's control plane.",
      },
    ],
  ])("reports %s", async (_, machine, expected) => {
    expect(await faults(machine)).toContainEqual(expected);
  });

  it("accepts plugin files with an execute bit, and every file on Windows", async () => {
    const files = { "dist/manifest.yaml": "connectors: [{executable: importer.cjs}]", "dist/importer.cjs": "" };
    expect(await faults({ files, modes: { "dist/importer.cjs": 0o100755 } })).toEqual([]);
    expect((await faults({ files, platform: "win32" })).map(({ id }) => id)).toEqual(["platform"]);
  });

  it("needs no TypeScript for connectors in JavaScript", async () => {
    const files = {
      ...packageJson({ connectors: [{ type: "importer", module: "./importer.js" }] }),
      "importer.js": "",
      "node_modules/typescript/package.json": undefined,
    };
    expect(await faults({ files })).toEqual([]);
  });

  it.each([
    ["plakar/v1.0.6\n", "error"],
    ["plakar/v1.1.4\n", "warning"],
    [undefined, "warning"],
  ])("reports location flags that Plakar 1.0 refuses, on a machine with %j as %s", async (plakar, level) => {
    const connectors = [importer, { ...importer, type: "exporter", locationFlags: ["localfs", "stream"] }];
    const found = await faults({ files: packageJson({ connectors }), plakar });
    expect(found.filter(({ id }) => id !== "plakar")).toEqual([
      {
        id: "host.plakar-1.0",
        level,
        text:
          "Plakar 1.0 refuses the package: it does not know the location flag stream of the exporter. " +
          "Hosts take this flag from the connector itself",
        fix: `npm pkg set --json 'kloset.connectors[1].locationFlags=["localfs"]'`,
      },
    ]);
  });

  it("reports exportxattr for every host", async () => {
    const connectors = [{ ...importer, type: "exporter", locationFlags: ["exportxattr"] }];
    const found = await faults({ files: packageJson({ connectors }) });
    expect(found.map(({ id, level }) => [id, level])).toEqual([
      ["host.plakar-1.0", "warning"],
      ["host.plakar-1.1", "error"],
      ["host.plaklet", "warning"],
    ]);
  });

  it("says which connectors of a mixed plugin Plakar ignores", async () => {
    const connectors = [importer, { ...importer, type: "secret_provider" }];
    const findings = await diagnose(environmentOf({ files: packageJson({ connectors }) }));
    const texts = findings.filter(({ id }) => id.startsWith("host.")).map(({ text }) => text);
    expect(texts).toEqual([
      "Plakar 1.0 runs importer, and ignores secret_provider",
      "Plakar 1.1 runs importer, and ignores secret_provider",
      "plaklet runs importer, secret_provider",
    ]);
  });

  it("reports environment variables that change the behaviour of plugins", async () => {
    const variables = {
      KLOSET_GENERATION: "v2",
      KLOSET_LOG: "debug,json",
      KLOSET_SEVRER: "connect",
      KLOSET_TRANSPORT: "",
      NODE_OPTIONS: "--inspect",
      HOME: "/root",
    };
    expect((await faults({ variables })).map(({ id, level, text, fix }) => [id, level, text, fix])).toEqual([
      [
        "variable.KLOSET_GENERATION",
        "error",
        'KLOSET_GENERATION: expected v1.0 or v1.1, got "v2"',
        "unset KLOSET_GENERATION",
      ],
      ["variable.KLOSET_LOG", "warning", "KLOSET_LOG=debug,json: plugins log at this level", "unset KLOSET_LOG"],
      ["variable.KLOSET_SEVRER", "warning", "KLOSET_SEVRER: plugins know no such variable", "unset KLOSET_SEVRER"],
      [
        "variable.NODE_OPTIONS",
        "warning",
        "NODE_OPTIONS=--inspect: Node applies it to every plugin, too",
        "unset NODE_OPTIONS",
      ],
    ]);
  });
});

describe("kloset doctor", () => {
  it("examines a folder, prints JSON or a report, and exits with 1 after an error", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kloset-doctor-"));
    try {
      await mkdir(join(folder, "dist"));
      await writeFile(join(folder, "package.json"), JSON.stringify(project));
      await writeFile(join(folder, "dist/manifest.yaml"), "connectors: [{executable: importer.cjs}]");
      await writeFile(join(folder, "dist/importer.cjs"), "");
      await chmod(join(folder, "dist/importer.cjs"), 0o644);
      const json = testTerminal();
      const { signal } = new AbortController();
      expect(await runCli(["doctor", folder, "--json"], { terminal: json.terminal, signal })).toBe(1);
      const { findings } = JSON.parse(json.stdout()) as { findings: Finding[] };
      expect(findings.filter(({ level }) => level === "error").map(({ id }) => id)).toEqual([
        "packages",
        "project",
        "files",
      ]);
      const text = testTerminal();
      expect(await runCli(["doctor", folder], { terminal: text.terminal, signal })).toBe(1);
      expect(text.stdout()).toContain("error    @kloset/sdk is not installed\n         → npm install\n");
      expect(text.stdout()).toContain("errors: 3");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
