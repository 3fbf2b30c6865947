import { chmod, writeFile } from "node:fs/promises";
import { createRequire, isBuiltin } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type BuildFailure, type BuildOptions, type Message, type Metafile, type Plugin } from "esbuild";
import { CliError } from "../exit-code.js";
import { Assets } from "./assets.js";
import { moduleName } from "./module-name.js";
import { REFERENCE, referenceModule, sourcesPlugin } from "./sources.js";

/** A module in a bundle. */
export interface BundledModule {
  /** Name of the package, and the path in it: `ignore/index.js`. */
  readonly name: string;
  /** Bytes that it takes in the bundle. */
  readonly bytes: number;
}

/** A connector that was bundled into one executable. */
export interface BundledConnector {
  /** Absolute path of the executable, a CommonJS script for Node. */
  readonly executable: string;
  /** Absolute paths of the files that it reads at run time, sorted. They are in its folder. */
  readonly assets: readonly string[];
  /** The modules in the executable, the largest first. */
  readonly modules: readonly BundledModule[];
  /** Texts for the user, such as esbuild's warnings. */
  readonly warnings: readonly string[];
}

/** Settings of a bundle. */
export interface BundleOptions {
  /**
   * The place of the reference server, which `KLOSET_SERVER=connect` selects: a file beside the executable, a part of
   * it, or none (the default). With none, an executable that is started with this variable fails with an explanation.
   */
  readonly reference?: "beside" | "inside" | "none";
  /** True for an executable with an inline source map and readable code, for debuggers. Default: false. */
  readonly isDebuggable?: boolean;
  /**
   * True for an executable with line breaks: Node prints the whole line of an error that is thrown while it loads.
   * Default: `isDebuggable`.
   */
  readonly hasLines?: boolean;
}

/** The modules that every executable imports. The guard comes first: no other module can then print into the connection. */
const GUARD = "@kloset/sdk/guard";
const SDK = "@kloset/sdk";

/** The oldest Node that the SDK supports. */
const TARGET = "node20.19";

/** The shebang, and strict mode: without it, writes to frozen objects would be silently ignored. */
const HEAD = '#!/usr/bin/env node\n"use strict";';

/** CommonJS code in an ES module may call `require` for Node's own modules. */
const MODULE_HEAD =
  '#!/usr/bin/env node\nimport { createRequire as createRequireOfBundle } from "node:module";\nconst require = createRequireOfBundle(import.meta.url);';

const MODULE_URL = "klosetModuleUrl";

/** A name that no file can have: esbuild would take an import of a file with the same path for the text itself. */
const ENTRY = "kloset/\0entry.js";

/**
 * Bundles a module whose default export is a connector into one executable that serves it.
 *
 * The executable is CommonJS: Node then loads nothing for ES modules and starts a tenth sooner. A module with top-level
 * `await` is wrapped in an async function.
 *
 * @param module - Absolute path of the module, in TypeScript or JavaScript.
 * @param executable - Absolute path of the executable to write; its name ends with `.cjs`. The folder must exist. The
 * files that the connector reads at run time are copied beside it; their names begin with that of the executable.
 * @throws CliError if the module or one of its imports cannot be compiled. It has esbuild's messages, with the lines.
 */
export function bundleConnector(
  module: string,
  executable: string,
  options?: BundleOptions,
): Promise<BundledConnector> {
  const entry = [
    `import ${JSON.stringify(GUARD)};`,
    `import { run } from ${JSON.stringify(SDK)};`,
    `import connector from ${JSON.stringify(module)};`,
    "void run(connector);",
  ].join("\n");
  return bundleText(module, entry, executable, options);
}

/**
 * Bundles a program, a module that runs by itself, like a connector.
 *
 * @param program - Absolute path of the module.
 * @param executable - See {@link bundleConnector}.
 * @throws CliError - See {@link bundleConnector}.
 */
export function bundleProgram(program: string, executable: string, options?: BundleOptions): Promise<BundledConnector> {
  return bundle(program, { entryPoints: [program] }, executable, options);
}

/**
 * Bundles a program that is given as text.
 *
 * @param module - Absolute path of the module that it concerns: its imports are resolved from there.
 */
export function bundleText(
  module: string,
  text: string,
  executable: string,
  options?: BundleOptions,
): Promise<BundledConnector> {
  const stdin = { contents: text, resolveDir: dirname(module), sourcefile: ENTRY };
  return bundle(module, { stdin }, executable, options);
}

async function bundle(
  module: string,
  source: Pick<BuildOptions, "stdin" | "entryPoints">,
  executable: string,
  { reference = "none", isDebuggable = false, hasLines = isDebuggable }: BundleOptions = {},
): Promise<BundledConnector> {
  const name = basename(executable, ".cjs");
  const folder = dirname(resolve(executable));
  const assets = new Assets(name);
  const warnings = new Set<string>();
  const referenceFile = `./${name}-reference.mjs`;
  const options: BuildOptions = {
    ...source,
    minifyWhitespace: !hasLines,
    ...(isDebuggable && { sourcemap: "inline", minifySyntax: false }),
    plugins: [referencePlugin(reference, referenceFile), sourcesPlugin(module, assets, (text) => warnings.add(text))],
    define: {
      "import.meta.filename": "__filename",
      "import.meta.dirname": "__dirname",
      "import.meta.url": MODULE_URL,
    },
  };
  const { code, map, metafile, messages } = await commonJs(module, options);
  for (const message of messages) warnings.add(textOf(message));
  const missing = missingImports(metafile).filter((path) => path !== referenceFile);
  if (missing.length > 0) throw new CliError(`the bundle of ${module} would lack ${missing.join(", ")}`);
  const head = code.includes(MODULE_URL)
    ? `${HEAD}const ${MODULE_URL}=require("node:url").pathToFileURL(__filename).href;`
    : HEAD;
  await writeExecutable(executable, `${head}\n${code}${mapComment(map, head)}`);
  const files = await assets.copy(code, folder);
  if (code.includes(referenceFile)) files.push(await writeReference(module, join(folder, referenceFile)));
  return {
    executable: resolve(executable),
    assets: files.sort(),
    modules: modulesOf(metafile),
    warnings: [...warnings],
  };
}

/** The parts of a source map that this module changes. */
interface SourceMap {
  readonly sources: readonly string[];
  readonly mappings: string;
}

interface Built {
  readonly code: string;
  /** The source map. Undefined if none was asked for. */
  readonly map: SourceMap | undefined;
  readonly metafile: Metafile;
  readonly messages: readonly Message[];
}

async function commonJs(module: string, options: BuildOptions): Promise<Built> {
  try {
    return await bundled({ ...options, format: "cjs" });
  } catch (error) {
    const onlyAwaits = errorsOf(error).every(({ text }) => text.startsWith("Top-level await is"));
    if (errorsOf(error).length === 0 || !onlyAwaits) throw buildError(module, error);
  }
  try {
    // esbuild has no top-level await in CommonJS. An ES module without any import can be the body of a function.
    const built = await bundled({
      ...options,
      format: "esm",
      plugins: [...(options.plugins ?? []), builtinsPlugin],
    });
    return { ...built, code: `(async()=>{${built.code}})();\n` };
  } catch (error) {
    throw buildError(module, error);
  }
}

async function writeReference(module: string, path: string): Promise<string> {
  const { code, metafile } = await bundled({
    entryPoints: [referenceModule(module)],
    format: "esm",
  }).catch((error: unknown) => {
    throw buildError(REFERENCE, error);
  });
  const missing = missingImports(metafile);
  if (missing.length > 0) throw new CliError(`the bundle of ${REFERENCE} would lack ${missing.join(", ")}`);
  await writeExecutable(path, `${MODULE_HEAD}\n${code}`);
  return path;
}

async function writeExecutable(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}

async function bundled(options: BuildOptions): Promise<Built> {
  const { metafile, outputFiles, warnings } = await build({
    // Identifiers are not minified: they occur in stack traces, and names of classes in messages.
    minifyWhitespace: true,
    minifySyntax: true,
    ...options,
    bundle: true,
    write: false,
    metafile: true,
    nodePaths: ownModuleFolders(),
    platform: "node",
    target: TARGET,
    // A dropped import for its side effects may be the guard.
    logOverride: { "ignored-bare-import": "error" },
    logLevel: "silent",
  });
  const text = outputFiles[0]?.text ?? "";
  if (options.sourcemap === undefined)
    return { code: withShortNames(text, metafile), map: undefined, metafile, messages: warnings };
  const end = text.lastIndexOf(MAP_COMMENT);
  const map = Buffer.from(text.slice(end + MAP_COMMENT.length), "base64").toString();
  // The names of a bundle for a debugger need not be the same on every machine.
  return { code: text.slice(0, end), map: JSON.parse(map) as SourceMap, metafile, messages: warnings };
}

const MAP_COMMENT = "//# sourceMappingURL=data:application/json;base64,";

/** Returns the comment for a source map of code that stands below a head. */
function mapComment(map: SourceMap | undefined, head: string): string {
  if (map === undefined) return "";
  const moved = {
    ...map,
    // esbuild's paths start at the working directory, and debuggers look in the folder of the executable.
    sources: map.sources.map((path) => pathToFileURL(resolve(path)).href),
    // One semicolon for each line.
    mappings: ";".repeat(head.split("\n").length) + map.mappings,
  };
  return `${MAP_COMMENT}${Buffer.from(JSON.stringify(moved)).toString("base64")}\n`;
}

function referencePlugin(reference: Required<BundleOptions>["reference"], file: string): Plugin {
  return {
    name: "kloset reference server",
    setup: (bundler) => {
      if (reference === "inside") return;
      bundler.onResolve({ filter: new RegExp(`^${REFERENCE}$`) }, () =>
        reference === "beside" ? { path: file, external: true } : { path: REFERENCE, namespace: "kloset-none" },
      );
      bundler.onLoad({ filter: /./, namespace: "kloset-none" }, () => ({
        contents:
          'throw new Error("KLOSET_SERVER=connect: this executable was packaged without the reference server (referenceServer)");',
      }));
    },
  };
}

/** Turns imports of Node's own modules into `require`. */
const builtinsPlugin: Plugin = {
  name: "kloset builtins",
  setup: (bundler) => {
    bundler.onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === "import-statement" && isBuiltin(path) ? { path, namespace: "kloset-builtin" } : undefined,
    );
    bundler.onLoad({ filter: /./, namespace: "kloset-builtin" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/** Imports that would need another file. esbuild accepts a `require` in `try` that does not resolve: so does Node. */
function missingImports({ outputs }: Metafile): string[] {
  return Object.values(outputs)
    .flatMap(({ imports }) => imports)
    .filter(({ external, path, kind }) => external === true && kind !== "require-call" && !isBuiltin(path))
    .map(({ path }) => path);
}

/**
 * esbuild names CommonJS modules, and the sources of license texts, by their paths from the working directory, which
 * differ between machines.
 */
function withShortNames(code: string, { inputs }: Metafile): string {
  return Object.keys(inputs).reduce(
    (text, path) =>
      text
        .replaceAll(`{${JSON.stringify(path)}(`, () => `{${JSON.stringify(moduleName(path))}(`)
        .replaceAll(`\n${path}:\n`, () => `\n${moduleName(path)}:\n`),
    code,
  );
}

function modulesOf({ outputs }: Metafile): BundledModule[] {
  return Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .map(([path, { bytesInOutput }]) => ({ name: moduleName(path), bytes: bytesInOutput }))
    .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

function errorsOf(error: unknown): readonly Message[] {
  return (error as Partial<BuildFailure>).errors ?? [];
}

function buildError(module: string, error: unknown): CliError {
  const lines = errorsOf(error).map(textOf);
  const text =
    lines.length > 0 ? `:\n${lines.join("\n")}` : `: ${error instanceof Error ? error.message : String(error)}`;
  return new CliError(`cannot bundle ${module}${text}`, { cause: error });
}

function textOf({ text, location }: Message): string {
  if (location?.file.endsWith(ENTRY) === true && / for import .default.$/.test(text))
    return "it has no default export: export the connector that defineImporter (or another define… function) returns";
  return location === null ? text : `${location.file}:${location.line}:${location.column}: ${text}`;
}

/** Returns the folders in which a project without `@kloset/sdk` finds that of this package. */
function ownModuleFolders(): string[] {
  return createRequire(import.meta.url).resolve.paths("@kloset/sdk") ?? [];
}
