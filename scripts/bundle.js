// Makes plugins self-contained: one executable file of each, and beside it the
// reference server, which hardly anybody asks for and everybody would load.
import { chmod } from "node:fs/promises";
import { builtinModules } from "node:module";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const reference = "@kloset/sdk/reference";

/**
 * Bundles compiled plugins, given as file URLs, into a folder: NAME.js becomes
 * NAME.mjs, and NAME-reference.mjs beside it. Each has a file of its own: Plakar
 * 1.0 packs no file twice.
 */
export async function bundle(plugins, folder) {
  for (const plugin of plugins) {
    const name = basename(fileURLToPath(plugin), ".js");
    await make(name, fileURLToPath(plugin), folder);
    await make(`${name}-reference`, fileURLToPath(import.meta.resolve(reference)), folder);
  }
}

async function make(name, entry, folder) {
  const apart = `./${name}-reference.mjs`;
  const { metafile, warnings } = await build({
    // ".mjs" is what makes Node run it: with another name it depends on the next
    // package.json above, and Node may end with 0 having run nothing.
    entryPoints: [{ in: entry, out: name }],
    outdir: fileURLToPath(folder),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    plugins: [
      {
        name: "reference apart",
        setup: ({ onResolve }) => onResolve({ filter: new RegExp(`^${reference}$`) }, () => ({ path: apart, external: true })),
      },
    ],
    // Not the identifiers: they are in stack traces, and names of classes in messages.
    minifyWhitespace: true,
    minifySyntax: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    metafile: true,
    logLevel: "warning",
    banner: {
      // CommonJS in the bundle may ask for Node's own modules, which ESM has no function for.
      js: [
        "#!/usr/bin/env node",
        'import { createRequire as createRequireOfBundle } from "node:module";',
        "const require = createRequireOfBundle(import.meta.url);",
      ].join("\n"),
    },
  });
  // One of them says that an import for its side effects (the guard) was left out.
  if (warnings.length > 0) throw new Error("the bundle has warnings");
  for (const [path, output] of Object.entries(metafile.outputs)) {
    const missing = output.imports.filter(({ external, path: id }) => external && id !== apart && !isBuiltin(id)).map(({ path: id }) => id);
    if (missing.length > 0) throw new Error(`${path} is not self-contained: it imports ${missing.join(", ")}`);
    await chmod(path, 0o755);
  }
}

function isBuiltin(id) {
  return id.startsWith("node:") || builtinModules.includes(id);
}
