/**
 * Makes `dist/`, the folder for `plakar pkg create`: the manifest and, for each
 * connector, a self-contained executable, the reference server, and the native
 * library for extended attributes of the current platform.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { bundle } from "../../../scripts/bundle.js";

const here = new URL("../", import.meta.url);
const dist = new URL("dist/", here);
const connectors = ["importer", "exporter", "storage"];
/** The connectors that use extended attributes. Each gets a copy of the library: Plakar 1.0 packs no file twice. */
const connectorsWithAttributes = ["importer", "exporter"];

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
await bundle(
  connectors.map((connector) => new URL(`lib/bin/tsfs-${connector}.js`, here)),
  dist,
);
const library = findLibrary();
for (const connector of connectorsWithAttributes) {
  if (library !== undefined) await copyFile(library, new URL(`tsfs-${connector}-xattr.node`, dist));
}
await writeFile(new URL("manifest.yaml", dist), await manifest(library !== undefined));

/** @returns The path of the native library, or undefined if it does not exist for this platform. */
function findLibrary() {
  const require = createRequire(import.meta.url);
  try {
    require("@napi-rs/xattr");
  } catch {
    console.warn(
      `no native library for extended attributes on ${process.platform} ${process.arch}: packing without it`,
    );
    return undefined;
  }
  // The wrapper selects the package for the platform, so use the file that it has loaded.
  const file = Object.keys(require.cache).find((path) => path.endsWith(".node"));
  if (file === undefined) throw new Error("@napi-rs/xattr did not load a native library");
  return file;
}

async function manifest(withLibrary) {
  const text = await readFile(new URL("manifest.yaml", here), "utf8");
  const { version } = JSON.parse(await readFile(new URL("package.json", here), "utf8"));
  if (!text.includes(`\nversion: v${version}\n`))
    throw new Error(`manifest.yaml must contain "version: v${version}", the version of package.json`);
  return withLibrary ? text : text.replace(/, tsfs-\w+-xattr\.node/g, "");
}
