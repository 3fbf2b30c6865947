// Finds phrases of patterns.js in the sources and documents of the repository, or in the paths that are given.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isMain, top } from "../packages.js";
import { patterns } from "./patterns.js";

const CHECKED = /\.(?:ts|js|go|proto|md|ya?ml)$|^\.ci\//;
/** Generated files, recorded facts, and the phrases themselves. */
const IGNORED =
  /^gen\/src\/|\/gen\/|\.pb\.go$|^fixtures\/|^docs\/(?:api\/|benchmark\.)|^proto\/baseline\/|^scripts\/prose\/|^test\/prose\.test\.ts$/;

/** White space, and the start of the next line of a comment or of a quotation. */
const GAP = String.raw`(?:[ \t]+|[ \t]*\n[ \t]*(?:\*|//|#|>)?[ \t]*)`;

const expressions = patterns.map(({ pattern, flags = "i", instead }) => {
  const opening = pattern.includes("/\\*");
  const source = pattern.replaceAll(" ", opening ? " " : GAP);
  return { expression: new RegExp(opening ? source : `(?<![\\w-])(?:${source})(?![\\w-])`, `g${flags}`), instead };
});

/**
 * Returns the phrases in a text, each with its line and with what to write instead. A phrase that is quoted as a whole
 * is mentioned rather than used, and left out.
 */
export function findPhrases(text) {
  return expressions
    .flatMap(({ expression, instead }) =>
      [...text.matchAll(expression)]
        .filter(({ 0: phrase, index }) => !isQuoted(text, index, index + phrase.length))
        .map(({ 0: phrase, index }) => ({
          line: text.slice(0, index).split("\n").length,
          phrase: phrase.replace(/\s+(?:(?:\*|\/\/|#|>)\s+)?/g, " ").trim(),
          instead,
        })),
    )
    .sort((a, b) => a.line - b.line);
}

function isQuoted(text, start, end) {
  const quote = text[start - 1];
  return quote !== undefined && "\"'`".includes(quote) && text[end] === quote;
}

if (isMain(import.meta.url)) {
  const listed = execFileSync("git", ["ls-files", "-z", ...process.argv.slice(2)], { cwd: top, encoding: "utf8" });
  const files = listed.split("\0").filter((path) => CHECKED.test(path) && !IGNORED.test(path));
  let count = 0;
  for (const path of files) {
    for (const { line, phrase, instead } of findPhrases(readFileSync(join(top, path), "utf8"))) {
      console.error(`${path}:${line}: "${phrase}": write ${instead}`);
      count++;
    }
  }
  if (count > 0) {
    console.error(`${count} phrases to rewrite: see "Prose" in CONTRIBUTING.md`);
    process.exitCode = 1;
  }
}
