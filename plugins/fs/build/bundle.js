/**
 * Makes `dist/`, the folder that `plakar pkg create` packs: the manifest, one
 * self-contained executable for each connector, and the native library for
 * extended attributes of the platform that this runs on.
 */
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { builtinModules, createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = new URL("../", import.meta.url);
const dist = new URL("dist/", here);
const connectors = ["importer", "exporter", "storage"];
/** The connectors that use extended attributes. Each has a copy: Plakar 1.0 packs no file twice. */
const connectorsWithAttributes = ["importer", "exporter"];

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
await bundle();
const library = findLibrary();
for (const connector of connectorsWithAttributes) {
  if (library !== undefined) await copyFile(library, new URL(`tsfs-${connector}-xattr.node`, dist));
}
await writeFile(new URL("manifest.yaml", dist), await manifest(library !== undefined));

async function bundle() {
  const { metafile, warnings } = await build({
    entryPoints: connectors.map((connector) => fileURLToPath(new URL(`lib/bin/tsfs-${connector}.js`, here))),
    outdir: fileURLToPath(dist),
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

/** @returns The file of the native library; undefined when there is none for this platform. */
function findLibrary() {
  const require = createRequire(import.meta.url);
  try {
    require("@napi-rs/xattr");
  } catch {
    console.warn(`no library for extended attributes for ${process.platform} ${process.arch}: packed without`);
    return undefined;
  }
  // Its wrapper knows which of the platform's packages is the right one: take what it has loaded.
  const file = Object.keys(require.cache).find((path) => path.endsWith(".node"));
  if (file === undefined) throw new Error("@napi-rs/xattr has loaded no native library");
  return file;
}

async function manifest(withLibrary) {
  const text = await readFile(new URL("manifest.yaml", here), "utf8");
  const { version } = JSON.parse(await readFile(new URL("package.json", here), "utf8"));
  if (!text.includes(`\nversion: v${version}\n`)) throw new Error(`manifest.yaml is not of version v${version}`);
  return withLibrary ? text : text.replace(/^ *extra_files:.*\n/gm, "");
}
