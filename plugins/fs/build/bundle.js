/**
 * Makes `dist/`, the folder for `plakar pkg create`: the manifest and, for each
 * connector, a self-contained executable, the reference server, and the native
 * libraries of the current platform that it uses: xattr (extended attributes) and
 * koffi (times).
 */
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { bundle } from "../../../scripts/bundle.js";

const here = new URL("../", import.meta.url);
const dist = new URL("dist/", here);
const connectors = ["importer", "exporter", "storage"];
/** The connectors that use a native library. Each gets a copy: Plakar 1.0 packs no file twice. */
const libraries = [
  {
    name: "xattr",
    connectors: ["importer", "exporter"],
    file: findLibrary("xattr", (require) => require("@napi-rs/xattr")),
  },
  { name: "koffi", connectors: ["exporter"], file: findLibrary("koffi", (require) => require("koffi")) },
];

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
await bundle(
  connectors.map((connector) => new URL(`lib/bin/tsfs-${connector}.js`, here)),
  dist,
);
for (const { name, connectors, file } of libraries) {
  if (file === undefined) continue;
  for (const connector of connectors) await copyFile(file, new URL(`tsfs-${connector}-${name}.node`, dist));
}
await writeFile(new URL("manifest.yaml", dist), await manifest());

/** @returns The path of a native library, or undefined if it does not exist for this platform. */
function findLibrary(name, load) {
  const require = createRequire(import.meta.url);
  const before = new Set(Object.keys(require.cache));
  try {
    load(require);
  } catch {
    console.warn(`no native library ${name} on ${process.platform} ${process.arch}: packing without it`);
    return undefined;
  }
  // The wrapper selects the package for the platform, so use the file that it has loaded.
  const file = Object.keys(require.cache).find((path) => path.endsWith(".node") && !before.has(path));
  if (file === undefined) throw new Error(`${name} did not load a native library`);
  return file;
}

async function manifest() {
  const text = await readFile(new URL("manifest.yaml", here), "utf8");
  const { version } = JSON.parse(await readFile(new URL("package.json", here), "utf8"));
  if (!text.includes(`\nversion: v${version}\n`))
    throw new Error(`manifest.yaml must contain "version: v${version}", the version of package.json`);
  return libraries
    .filter(({ file }) => file === undefined)
    .reduce((rest, { name }) => rest.replaceAll(new RegExp(`, tsfs-\\w+-${name}\\.node`, "g"), ""), text);
}
