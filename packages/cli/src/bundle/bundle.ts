import { chmod } from "node:fs/promises";
import { builtinModules, createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { build, type BuildFailure, type Message } from "esbuild";
import { CliError } from "../exit-code.js";

/** A connector that was bundled into one executable. */
export interface BundledConnector {
  /** Absolute path of the executable, a CommonJS script for Node. */
  readonly executable: string;
  /** Absolute paths of the files that it reads at run time. */
  readonly assets: readonly string[];
}

/** The oldest Node that the SDK supports. */
const TARGET = "node20.19";

/**
 * Bundles a module whose default export is a connector into one executable that serves it.
 *
 * The executable is CommonJS: Node then loads nothing for ES modules and starts a tenth sooner.
 *
 * @param module - Absolute path of the module, in TypeScript or JavaScript.
 * @param executable - Absolute path of the executable to write; its name ends with `.cjs`. The folder must exist.
 * @throws CliError if the module or one of its imports cannot be compiled. It has esbuild's messages, with the lines.
 */
export async function bundleConnector(module: string, executable: string): Promise<BundledConnector> {
  const name = basename(executable, ".cjs");
  const entry = [
    'import "@kloset/sdk/guard";',
    'import { run } from "@kloset/sdk";',
    `import connector from ${JSON.stringify(module)};`,
    "void run(connector);",
  ].join("\n");
  const { metafile } = await build({
    stdin: { contents: entry, resolveDir: dirname(module), sourcefile: `${name}.js` },
    outfile: executable,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: TARGET,
    metafile: true,
    nodePaths: ownModuleFolders(),
    minifyWhitespace: true,
    minifySyntax: true,
    define: { "import.meta.filename": "__filename" },
    banner: { js: '#!/usr/bin/env node\n"use strict";' },
    external: ["@kloset/sdk/reference"],
    logLevel: "silent",
  }).catch((error: unknown) => {
    throw new CliError(buildErrorText(module, error), { cause: error });
  });
  const output = Object.values(metafile.outputs)[0];
  const missing = (output?.imports ?? [])
    .filter(({ external, path }) => external === true && path !== "@kloset/sdk/reference" && !isBuiltin(path))
    .map(({ path }) => path);
  if (missing.length > 0) throw new CliError(`the bundle of ${module} would lack ${missing.join(", ")}`);
  await chmod(executable, 0o755);
  return { executable: join(dirname(executable), basename(executable)), assets: [] };
}

/** Returns the folders in which a project without `@kloset/sdk` finds that of this package. */
export function ownModuleFolders(): string[] {
  return createRequire(import.meta.url).resolve.paths("@kloset/sdk") ?? [];
}

function buildErrorText(module: string, error: unknown): string {
  const errors: readonly Message[] = (error as Partial<BuildFailure>).errors ?? [];
  if (errors.length === 0) return `cannot bundle ${module}: ${error instanceof Error ? error.message : String(error)}`;
  const lines = errors.map(({ text, location }) =>
    location === null ? text : `${location.file}:${location.line}:${location.column}: ${text}`,
  );
  return `cannot bundle ${module}:\n${lines.join("\n")}`;
}

function isBuiltin(id: string): boolean {
  return id.startsWith("node:") || builtinModules.includes(id);
}
