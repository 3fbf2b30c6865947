// Keeps the code in the pages of docs/, and in the README, equal to the files that are compiled and run. A comment before
// a block names its file, or a region of it:
//
//   <!-- file: docs/snippets/notes.ts#config -->
//
// Run as a script, it rewrites the blocks. test/pages.test.ts fails if a block differs from its file.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { isMain, top } from "./packages.js";

const BLOCK = /^<!-- file: ([^\s#]+)(?:#(\S+))? -->\n```.*\n[\s\S]*?^```$/gm;
const REGION_MARK = /^ *\/\/ #(?:end)?region\b.*\n/gm;

/** Returns the paths of the README and the pages. What scripts generate, in docs/api and docs/reference, is left out. */
export function pages() {
  const names = readdirSync(join(top, "docs"), { recursive: true })
    .filter((name) => name.endsWith(".md") && !/^(?:api|reference)\//.test(name))
    .map((name) => `docs/${name}`);
  return ["README.md", ...names.sort()];
}

/**
 * Replaces the code of the marked blocks in a page by that of their files.
 *
 * @param text - The page.
 * @throws Error if a file or region does not exist.
 */
export function embed(text) {
  return text.replace(BLOCK, (_, path, region) => {
    const mark = region === undefined ? path : `${path}#${region}`;
    return `<!-- file: ${mark} -->\n\`\`\`${extname(path).slice(1)}\n${codeOf(path, region)}\`\`\``;
  });
}

function codeOf(path, region) {
  const text = readFileSync(join(top, path), "utf8");
  if (region === undefined) return text.replace(REGION_MARK, "");
  const [, code] =
    new RegExp(`^ *// #region ${region}\\n([\\s\\S]*?)^ *// #endregion ${region}$`, "m").exec(text) ?? [];
  if (code === undefined) throw new Error(`${path} has no region "${region}"`);
  const lines = code.replace(REGION_MARK, "").split("\n");
  const indent = Math.min(...lines.filter((line) => line !== "").map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(indent)).join("\n");
}

if (isMain(import.meta.url)) {
  for (const page of pages()) {
    const path = join(top, page);
    writeFileSync(path, embed(readFileSync(path, "utf8")));
  }
}
