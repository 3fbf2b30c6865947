// Makes plugins self-contained: one executable file of each.
import { chmod } from "node:fs/promises";
import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Bundles compiled plugins, given as file URLs, into a folder: NAME.js becomes NAME.mjs. */
export async function bundle(plugins, folder) {
  const { metafile, warnings } = await build({
    entryPoints: plugins.map((plugin) => fileURLToPath(plugin)),
    outdir: fileURLToPath(folder),
    // ".mjs" is what makes Node run it: with another name it depends on the next
    // package.json above, and Node may end with 0 having run nothing.
    outExtension: { ".js": ".mjs" },
    bundle: true,
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
    const missing = output.imports.filter(({ external, path: id }) => external && !isBuiltin(id)).map(({ path: id }) => id);
    if (missing.length > 0) throw new Error(`${path} is not self-contained: it imports ${missing.join(", ")}`);
    await chmod(path, 0o755);
  }
}

function isBuiltin(id) {
  return id.startsWith("node:") || builtinModules.includes(id);
}
