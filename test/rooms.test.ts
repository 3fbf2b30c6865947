/**
 * Holds the architecture: which package may import what. Imports go one way
 * only, and never into another package's inside.
 */
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const top = join(dirname(fileURLToPath(import.meta.url)), "..");

const PROTOBUF = "@bufbuild/protobuf";
const CONNECT = "@connectrpc/connect";

interface Room {
  readonly folder: string;
  readonly source: string;
  readonly mayImport: readonly string[];
  /** Optional peer dependencies of the SDK that it installs without importing them. */
  readonly chosen?: readonly string[];
  /** True when Node's own modules may be imported. */
  readonly node: boolean;
  /** True for a package that only builds the project: its dependencies are devDependencies. */
  readonly isTool?: boolean;
}

const log = "@kloset/log";
const config = "@kloset/config";
const wire = "@kloset/wire";
const processRoom = "@kloset/process";
const model = "@kloset/model";
const protocol = "@kloset/protocol";
const adapter = "@kloset/adapter";
const connectors = ["@kloset/importer", "@kloset/exporter", "@kloset/storage"];
const secretProvider = "@kloset/secret-provider";
const inventory = "@kloset/inventory";

/** Each room may import what is named: rooms above it, and given libraries. */
const rooms: Readonly<Record<string, Room>> = {
  [log]: { folder: "packages/log", source: "src", mayImport: [], node: true },
  [config]: {
    folder: "packages/config",
    source: "src",
    mayImport: ["valibot", "fastest-levenshtein", "@standard-schema/spec"],
    node: true,
  },
  [wire]: { folder: "packages/wire", source: "src", mayImport: [log], node: true },
  "protoc-gen-kloset": {
    folder: "packages/protoc-gen-kloset",
    source: "src",
    mayImport: [PROTOBUF, "@bufbuild/protoplugin"],
    node: false,
    isTool: true,
  },
  [protocol]: { folder: "gen", source: ".", mayImport: [PROTOBUF, wire], node: false },
  [model]: { folder: "packages/model", source: "src", mayImport: [], node: false },
  [adapter]: { folder: "packages/adapter", source: "src", mayImport: [log, wire, model], node: true },
  [processRoom]: { folder: "packages/process", source: "src", mayImport: [log, wire, "koffi"], node: true },
  "@kloset/connect-server": {
    folder: "packages/connect-server",
    source: "src",
    mayImport: [wire, processRoom, CONNECT, PROTOBUF],
    node: true,
  },
  "@kloset/server": {
    folder: "packages/server",
    source: "src",
    mayImport: [wire, processRoom],
    node: true,
  },
  ...Object.fromEntries(
    connectors.map((name) => [
      name,
      {
        folder: `packages/${name.slice("@kloset/".length)}`,
        source: "src",
        mayImport: [wire, model, protocol, adapter, CONNECT, PROTOBUF],
        node: true,
      },
    ]),
  ),
  // The secrets that it resolves are masked from then on.
  [secretProvider]: {
    folder: "packages/secret-provider",
    source: "src",
    mayImport: [log, wire, model, protocol, adapter],
    node: true,
  },
  [inventory]: { folder: "packages/inventory", source: "src", mayImport: [wire, model, protocol, adapter], node: true },
  "@kloset/sdk": {
    folder: "packages/sdk",
    source: "src",
    mayImport: [
      log,
      config,
      wire,
      model,
      protocol,
      adapter,
      processRoom,
      "@kloset/connect-server",
      "@kloset/server",
      ...connectors,
      secretProvider,
      inventory,
      "p-retry",
    ],
    node: true,
  },
  "@kloset/test-support": {
    folder: "packages/test-support",
    source: "src",
    mayImport: [wire, protocol, PROTOBUF, CONNECT, "@jest/globals"],
    node: true,
  },
  "@kloset/host": {
    folder: "packages/host",
    source: "src",
    mayImport: [wire, model, protocol, PROTOBUF],
    node: true,
  },
  "@kloset/conformance": {
    folder: "packages/conformance",
    source: "src",
    mayImport: ["@kloset/host", log, wire, model, protocol, PROTOBUF, "commander", "junit-report-builder"],
    node: true,
  },
  "@kloset/testing": {
    folder: "packages/testing",
    source: "src",
    mayImport: ["@kloset/sdk", "@kloset/host", "@kloset/conformance", wire, model],
    node: true,
  },
  kloset: {
    folder: "packages/cli",
    source: "src",
    mayImport: [
      "@babel/parser",
      "@babel/types",
      "@clack/prompts",
      config,
      "@kloset/conformance",
      "@kloset/host",
      log,
      model,
      "@kloset/sdk",
      "ajv",
      "chokidar",
      "cli-progress",
      "cli-table3",
      "commander",
      "esbuild",
      "magic-string",
      "postject",
      "semver",
      "valibot",
      "validate-npm-package-name",
      "yaml",
    ],
    node: true,
  },
  "create-kloset": { folder: "packages/create-kloset", source: "src", mayImport: ["kloset"], node: true },
  "kloset-plugin-fs": {
    folder: "plugins/fs",
    source: "src",
    mayImport: ["@kloset/sdk", "@napi-rs/xattr", "ignore", "koffi"],
    node: true,
  },
  "kloset-example-drive": { folder: "examples/drive", source: "src", mayImport: ["@kloset/sdk"], node: true },
  "kloset-example-secrets": {
    folder: "examples/secrets",
    source: "src",
    mayImport: ["@kloset/sdk", "age-encryption"],
    node: true,
  },
  "kloset-example-inventory": {
    folder: "examples/inventory",
    source: "src",
    mayImport: ["@kloset/sdk", "valibot"],
    node: true,
  },
  "@kloset/scale": {
    folder: "scale",
    source: "src",
    mayImport: ["@kloset/host", model, "@kloset/sdk", "commander"],
    node: true,
  },
  "@kloset/bench": {
    folder: "bench",
    source: "src",
    mayImport: ["@kloset/sdk", "cli-table3", "commander"],
    chosen: ["koffi"],
    node: true,
  },
  "@kloset/fuzz": {
    folder: "fuzz",
    source: "src",
    mayImport: [
      "@kloset/sdk",
      wire,
      "@kloset/connect-server",
      "@kloset/server",
      "@kloset/host",
      model,
      protocol,
      PROTOBUF,
      "commander",
    ],
    node: true,
  },
  "@kloset/demo": {
    folder: "demo",
    source: "src",
    mayImport: ["@kloset/host", model, "cli-progress", "cli-table3", "commander"],
    node: true,
  },
};

describe.each(Object.entries(rooms))("%s", (name, room) => {
  const imports = [...importsOf(room)];

  it("imports only what its room may", () => {
    // By its own public name: what bundlers may keep apart.
    const wrong = imports.filter(({ specifier }) => packageOf(specifier) !== name && !allowed(specifier, room));
    expect(wrong).toEqual([]);
  });

  it("depends on what it imports, and on nothing else", () => {
    const manifest = JSON.parse(readFileSync(join(top, room.folder, "package.json"), "utf8")) as {
      name: string;
      dependencies?: Record<string, string>;
      peerDependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const used = new Set(
      imports.map(({ specifier }) => packageOf(specifier)).filter((used) => !isNode(used) && used !== name),
    );
    const { dependencies, peerDependencies, devDependencies } = manifest;
    const declared = Object.keys(
      room.isTool === true ? { ...devDependencies } : { ...dependencies, ...peerDependencies },
    );
    // A native library is loaded by name, with createRequire.
    for (const id of declared)
      if (sourcesOf(room).some(({ text }) => text.includes(`= createRequire(`) && text.includes(`("${id}")`)))
        used.add(id);
    for (const id of room.chosen ?? []) used.add(id);
    expect(manifest.name).toBe(name);
    expect(declared.sort()).toEqual([...used].sort());
  });
});

it("has a room for every package", () => {
  const folders = ["packages", "plugins"].flatMap((parent) =>
    readdirSync(join(top, parent)).map((child) => `${parent}/${child}`),
  );
  expect(Object.values(rooms).map(({ folder }) => folder)).toEqual(expect.arrayContaining(folders));
});

it("is what CONTRIBUTING says", () => {
  const table = new Map<string, string[]>();
  for (const row of readFileSync(join(top, "CONTRIBUTING.md"), "utf8").matchAll(
    /^\| (`[^|]+) \|[^|]+\| ([^|]+) \|$/gm,
  )) {
    const [names = [], imports = []] = [row[1], row[2]].map((cell = "") =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, id = ""]) => id),
    );
    for (const name of names) if (name in rooms) table.set(name, imports.sort());
  }
  const expected = Object.entries(rooms).map(([name, { mayImport }]) => [name, [...mayImport].sort()]);
  expect(Object.fromEntries(table)).toEqual(Object.fromEntries(expected));
});

function allowed(specifier: string, room: Room): boolean {
  if (isNode(specifier)) return room.node;
  // The documented name of the class for drafts since 2019.
  if (specifier === "ajv/dist/2020.js") return room.mayImport.includes("ajv");
  // A subpath is fine when the package exports it: TypeScript has resolved it.
  return room.mayImport.includes(packageOf(specifier)) && !/\/(?:src|dist|lib)\//.test(specifier);
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

function isNode(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(specifier);
}

/** Yields the imports of the sources. Tests and their fixtures may import anything. */
function* importsOf(room: Room): Generator<{ file: string; specifier: string }> {
  for (const { file, text } of sourcesOf(room)) {
    for (const match of text.matchAll(
      /(?:\bfrom\s+|\bimport\s+|(?<!\.)\bimport\(\s*|\brequire(?:\.resolve)?\(\s*)"([^"]+)"/g,
    )) {
      const specifier = match[1] ?? "";
      if (!specifier.startsWith(".")) yield { file, specifier };
    }
  }
}

/** The sources of a room, without their comments. */
function sourcesOf(room: Room): { file: string; text: string }[] {
  const folder = join(top, room.folder, room.source);
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !/\.ts$/.test(file) || /\.test\.ts$|\/testing\.ts$|\.d\.ts$/.test(file)) return [];
    if (/\/(?:dist|lib|node_modules|testing|examples)\//.test(file.slice(folder.length))) return [];
    const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    return [{ file: file.slice(top.length + 1), text }];
  });
}
