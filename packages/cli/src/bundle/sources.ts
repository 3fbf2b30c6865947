import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire, isBuiltin } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Loader, Plugin } from "esbuild";
import type { Assets } from "./assets.js";

/** The module of the SDK with the reference server, by its public name. */
export const REFERENCE = "@kloset/sdk/reference";

/** The modules of the SDK, in the workspace and in an installation. */
const SDK = /[\\/](?:packages|@kloset)[\\/]sdk[\\/]dist[\\/].*\.js$/;

const CODE = /\.[cm]?[jt]sx?$/;
const LIBRARY = "kloset-library:";

/**
 * Creates the esbuild plugin that finds the files that a module reads at run time, collects them as assets, and points
 * the module to their copies beside the executable:
 *
 * - an import of a `.node` library, whose value is the library;
 * - an import of a `.wasm` file, whose default is the absolute path of the copy;
 * - `new URL("./file", import.meta.url)`, for every file that is no code;
 * - a native package that is loaded with `createRequire(…)("package")`. A package that is not native becomes part of
 *   the bundle. An optional peer dependency is left out unless the program's own package.json names it.
 *
 * @param program - Absolute path of the module that is bundled.
 */
export function sourcesPlugin(program: string, assets: Assets, warn: (text: string) => void): Plugin {
  return {
    name: "kloset sources",
    setup: (bundler) => {
      bundler.onLoad({ filter: /\.node$/, namespace: "file" }, ({ path }) => ({
        contents: libraryModule(assets.add(path)),
        loader: "js",
      }));
      bundler.onLoad({ filter: /\.wasm$/, namespace: "file" }, ({ path }) => ({
        contents: `module.exports = require("node:path").join(__dirname, ${JSON.stringify(assets.add(path))});`,
        loader: "js",
      }));
      bundler.onResolve({ filter: new RegExp(`^${LIBRARY}`) }, ({ path }) => {
        const [name = "", library = ""] = JSON.parse(decodeURIComponent(path.slice(LIBRARY.length))) as string[];
        return { namespace: "kloset-library", path: assets.add(library, `${name}.node`) };
      });
      bundler.onLoad({ filter: /./, namespace: "kloset-library" }, ({ path }) => ({
        contents: libraryModule(path),
        loader: "js",
      }));
      bundler.onLoad({ filter: CODE, namespace: "file" }, async ({ path }) => {
        const original = await readFile(path, "utf8");
        let text = SDK.test(path) ? loadedAtOnce(original) : original;
        text = withAssets(text, path, assets, warn);
        text = await withRequires(text, path, program, warn);
        return text === original ? undefined : { contents: text, loader: loaderOf(path) };
      });
    },
  };
}

function loaderOf(path: string): Loader {
  const extension = extname(path);
  if (extension.endsWith("x")) return extension.includes("t") ? "tsx" : "jsx";
  return extension.includes("t") ? "ts" : "js";
}

/** Loads a library with `dlopen`: `require` would first look for a package.json in every parent directory. */
function libraryModule(name: string): string {
  return `
    const library = { exports: {} };
    process.dlopen(library, require("node:path").join(__dirname, ${JSON.stringify(name)}));
    module.exports = library.exports;`;
}

/**
 * Turns the SDK's dynamic imports into static ones, except that of the reference server. A bundle holds only the code
 * that its connector needs, and esbuild would wrap dynamic imports in functions, which the engine reads twice.
 */
function loadedAtOnce(text: string): string {
  const imports: string[] = [];
  const changed = text.replace(/\bawait import\("(@kloset\/[^"]+)"\)/g, (whole, id: string) => {
    if (id === REFERENCE) return whole;
    const name = `loadedAtOnce${imports.length}`;
    imports.push(`import * as ${name} from ${JSON.stringify(id)};\n`);
    return name;
  });
  return imports.join("") + changed;
}

function withAssets(text: string, module: string, assets: Assets, warn: (text: string) => void): string {
  return text.replace(
    /\bnew URL\(\s*(["'])(\.{1,2}\/[^"'\n]+|[^"':\n/]+\.(?:wasm|node))\1\s*,\s*import\.meta\.url\s*,?\s*\)/g,
    (whole, _quote, relative: string) => {
      const path = fileURLToPath(new URL(relative, pathToFileURL(module)));
      if (!assets.isFile(path)) return whole;
      if (CODE.test(path)) {
        warn(`${module}: ${relative} is code that is loaded by its URL, as a worker is: it is not part of the bundle`);
        return whole;
      }
      return `new URL(${JSON.stringify(`./${assets.add(path)}`)}, import.meta.url)`;
    },
  );
}

/** Rewrites the calls of functions that `createRequire` has made, so that esbuild follows them. */
async function withRequires(
  text: string,
  module: string,
  program: string,
  warn: (text: string) => void,
): Promise<string> {
  if (!text.includes("createRequire")) return text;
  const created = [...text.matchAll(/\b(?:const|let|var)\s+([\w$]+)\s*=\s*(?:\w+\.)?createRequire\w*\(/g)];
  const names = [
    ...created.map(([, name = ""]) => name.replaceAll("$", String.raw`\$`)),
    String.raw`createRequire\([^()]*\)`,
  ];
  const call = new RegExp(String.raw`(?<![\w$.])(?:${names.join("|")})\(\s*(["'])([^"'\n]+)\1\s*,?\s*\)`, "g");
  const replacements = new Map<string, string>();
  for (const [whole, , id = ""] of text.matchAll(call)) {
    const replacement = await requireOf(id, module, program, warn);
    if (replacement !== undefined) replacements.set(whole, replacement);
  }
  if (replacements.size === 0) return text;
  const changed = text.replace(call, (whole) => replacements.get(whole) ?? whole);
  // A variable named "require" would hide that of the bundle.
  return changed.replace(/\b((?:const|let|var)\s+)require(\s*=\s*(?:\w+\.)?createRequire)/g, "$1createdRequire$2");
}

async function requireOf(
  id: string,
  module: string,
  program: string,
  warn: (text: string) => void,
): Promise<string | undefined> {
  if (isBuiltin(id) || id.startsWith(".") || id.startsWith("/")) return `require(${JSON.stringify(id)})`;
  const isOptional = dependenciesOf(module).peerDependenciesMeta?.[id]?.optional === true;
  // Not left to the executable, which would look for the package in the folders above its own.
  if (isOptional && !isDeclared(id, program)) return missing(id);
  const library = await nativeLibrary(id, isOptional ? program : module);
  if (library === undefined) {
    warn(`${module}: the package ${id} does not load on ${process.platform} ${process.arch}: bundling without it`);
    return undefined;
  }
  if (library === "") return `require(${JSON.stringify(id)})`;
  const name = basename(id);
  return `require(${JSON.stringify(LIBRARY + encodeURIComponent(JSON.stringify([name, library])))})`;
}

/**
 * Prints the path of the native library that a package loads, or an empty line if it loads none, or if the package adds
 * to what its library exports. The wrapper of a package selects the library for the platform, so the package is loaded.
 */
const FIND_LIBRARY = `
  const before = new Set(Object.keys(require.cache));
  const load = require("node:module").createRequire(process.argv[1]);
  const exported = load(process.argv[2]);
  const files = Object.keys(require.cache).filter((path) => path.endsWith(".node") && !before.has(path));
  const only = files.length === 1 && Object.keys(exported).every((key) => key === "default" || key in require(files[0]));
  require("node:fs").writeSync(2, "\\n" + (only ? files[0] : ""));`;

async function nativeLibrary(id: string, module: string): Promise<string | undefined> {
  try {
    const { stderr } = await promisify(execFile)(process.execPath, ["-e", FIND_LIBRARY, module, id], {
      cwd: dirname(module),
    });
    return stderr.slice(stderr.lastIndexOf("\n") + 1);
  } catch {
    return undefined;
  }
}

/** The dependencies of a package.json that matter here. */
interface Dependencies {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** Reads the package.json of the package that a module belongs to. */
function dependenciesOf(module: string): Dependencies {
  for (let folder = dirname(module); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, "utf8")) as Dependencies;
  }
  return {};
}

/** Returns whether the package of a module installs another one. */
function isDeclared(id: string, module: string): boolean {
  const { dependencies, optionalDependencies } = dependenciesOf(module);
  return id in { ...dependencies, ...optionalDependencies };
}

/** Returns an expression that throws as `require` does for a package that is missing. */
function missing(id: string): string {
  const message = JSON.stringify(`Cannot find module '${id}'`);
  return `(() => { throw Object.assign(new Error(${message}), { code: "MODULE_NOT_FOUND" }); })()`;
}

/** Returns the absolute path of the reference server's module, as the author's module resolves it. */
export function referenceModule(module: string): string {
  return createRequire(join(dirname(module), "bundle.js")).resolve(REFERENCE);
}
