// Bundles each plugin into one executable file. The reference server, which few users select, becomes a separate file so
// that the others do not load it.
import { chmod, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const reference = "@kloset/sdk/reference";

/**
 * Bundles compiled plugins, given as file URLs, into a folder: NAME.js becomes NAME.cjs and NAME-reference.mjs. Each
 * plugin has its own copy of the reference server, because Plakar 1.0 packs no file twice.
 *
 * Plugins become CommonJS: Node then loads nothing for ES modules and starts a tenth sooner. They therefore cannot use
 * top-level `await`.
 */
export async function bundle(plugins, folder) {
  for (const plugin of plugins) {
    const name = basename(fileURLToPath(plugin), ".js");
    await make(`${name}.cjs`, fileURLToPath(plugin), folder, name);
    await make(`${name}-reference.mjs`, fileURLToPath(import.meta.resolve(reference)), folder, name);
  }
}

// With any other extension, the module format depends on the nearest package.json, and Node may run nothing and exit
// with 0.
const formats = {
  ".cjs": {
    format: "cjs",
    define: { "import.meta.filename": "__filename" },
    banner: '"use strict";',
  },
  ".mjs": {
    format: "esm",
    // CommonJS code in the bundle may call `require` for Node's own modules, which does not exist in ES modules.
    banner:
      'import { createRequire as createRequireOfBundle } from "node:module";\nconst require = createRequireOfBundle(import.meta.url);',
  },
};

async function make(file, entry, folder, name) {
  const apart = `./${name}-reference.mjs`;
  const extension = extname(file);
  const { banner, ...format } = formats[extension];
  const { metafile, warnings } = await build({
    entryPoints: [{ in: entry, out: basename(file, extension) }],
    outdir: fileURLToPath(folder),
    outExtension: { ".js": extension },
    bundle: true,
    plugins: [
      {
        name: "reference apart",
        setup: ({ onResolve }) =>
          onResolve({ filter: new RegExp(`^${reference}$`) }, () => ({ path: apart, external: true })),
      },
      {
        name: "loaded at once",
        setup: ({ onLoad }) => onLoad({ filter: /[\\/]packages[\\/]sdk[\\/]dist[\\/].*\.js$/ }, loadedAtOnce),
      },
    ],
    // Identifiers are not minified: they occur in stack traces, and names of classes in messages.
    minifyWhitespace: true,
    minifySyntax: true,
    ...format,
    platform: "node",
    target: "node20.19",
    metafile: true,
    logLevel: "warning",
    banner: { js: `#!/usr/bin/env node\n${banner}` },
  });
  // A warning may mean that an import for its side effects (the guard) was dropped.
  if (warnings.length > 0) throw new Error("the bundle has warnings");
  for (const [path, output] of Object.entries(metafile.outputs)) {
    const missing = output.imports
      .filter(({ external, path: id }) => external && id !== apart && !isBuiltin(id))
      .map(({ path: id }) => id);
    if (missing.length > 0) throw new Error(`${path} is not self-contained: it imports ${missing.join(", ")}`);
    await chmod(path, 0o755);
  }
}

/**
 * Turns the SDK's dynamic imports into static ones, except that of the reference server. A bundle holds only the code
 * that its connector needs, and esbuild would wrap dynamic imports in functions, which the engine reads twice.
 */
async function loadedAtOnce({ path }) {
  const imports = [];
  const text = (await readFile(path, "utf8")).replace(/\bawait import\("(@kloset\/[^"]+)"\)/g, (whole, id) => {
    if (id === reference) return whole;
    const name = `loadedAtOnce${imports.length}`;
    imports.push(`import * as ${name} from "${id}";\n`);
    return name;
  });
  return { contents: imports.join("") + text, loader: "js" };
}

function isBuiltin(id) {
  return id.startsWith("node:") || builtinModules.includes(id);
}
