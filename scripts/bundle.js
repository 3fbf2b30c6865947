// Makes plugins self-contained: one executable file of each, and beside it the
// reference server, which hardly anybody asks for and everybody would load.
import { chmod, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const reference = "@kloset/sdk/reference";

/**
 * Bundles compiled plugins, given as file URLs, into a folder: NAME.js becomes
 * NAME.cjs, and NAME-reference.mjs beside it. Each has a file of its own: Plakar
 * 1.0 packs no file twice.
 *
 * Plugins become CommonJS, for which Node starts a tenth sooner: it loads nothing
 * for ES modules then. So they can not await anything at their top.
 */
export async function bundle(plugins, folder) {
  for (const plugin of plugins) {
    const name = basename(fileURLToPath(plugin), ".js");
    await make(`${name}.cjs`, fileURLToPath(plugin), folder, name);
    await make(`${name}-reference.mjs`, fileURLToPath(import.meta.resolve(reference)), folder, name);
  }
}

// An extension that says what a file is makes Node run it: with another name it depends on
// the next package.json above, and Node may end with 0 having run nothing.
const formats = {
  ".cjs": {
    format: "cjs",
    define: { "import.meta.filename": "__filename" },
    banner: '"use strict";',
  },
  ".mjs": {
    format: "esm",
    // CommonJS in the bundle may ask for Node's own modules, which ESM has no function for.
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
    // Not the identifiers: they are in stack traces, and names of classes in messages.
    minifyWhitespace: true,
    minifySyntax: true,
    ...format,
    platform: "node",
    target: "node20.19",
    metafile: true,
    logLevel: "warning",
    banner: { js: `#!/usr/bin/env node\n${banner}` },
  });
  // One of them says that an import for its side effects (the guard) was left out.
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
 * Makes static imports of the SDK's dynamic ones, but for that of the reference
 * server. A bundle holds what its connector needs and no more; what is imported
 * dynamically would stand in functions of its own there, which the engine reads twice.
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
