/**
 * Makes `dist/`, the folder that `plakar pkg create` packs: the manifest, for each
 * connector a self-contained executable and the reference server, and the native
 * library for extended attributes of the platform that this runs on.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { bundle } from "../../../scripts/bundle.js";

const here = new URL("../", import.meta.url);
const dist = new URL("dist/", here);
const connectors = ["importer", "exporter", "storage"];
/** The connectors that use extended attributes. Each has a copy: Plakar 1.0 packs no file twice. */
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
  return withLibrary ? text : text.replace(/, tsfs-\w+-xattr\.node/g, "");
}
