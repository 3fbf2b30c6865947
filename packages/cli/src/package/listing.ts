import { tableText } from "../table.js";
import type { PackagedProject } from "./package.js";

/** Number of modules that the list names for each executable. */
const MODULES_SHOWN = 3;

/** Returns the files of a package with their sizes, and the largest modules of each executable, as text. */
export function listingText({ files }: PackagedProject): string {
  const rows = files.flatMap(({ name, bytes, modules = [] }) => [
    { name, bytes },
    ...modules.slice(0, MODULES_SHOWN).map((module) => ({ name: `  ${module.name}`, bytes: module.bytes })),
  ]);
  rows.push({ name: "total", bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) });
  const cells = rows.map(({ name, bytes }) => [bytes.toLocaleString("en-US"), name]);
  return `${tableText(cells, { aligns: ["right", "left"] })}\n`;
}

/** Returns a package as JSON: its folder, its files with sizes, and the largest modules of each executable. */
export function listingJson({ folder, manifest, files, warnings }: PackagedProject): Record<string, unknown> {
  return {
    folder,
    name: manifest.name,
    version: manifest.version,
    files: files.map(({ name, bytes, modules }) => ({
      name,
      bytes,
      ...(modules !== undefined && { largestModules: modules.slice(0, MODULES_SHOWN) }),
    })),
    warnings,
  };
}
