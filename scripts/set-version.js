// Sets the version of every package, and closes the "Unreleased" section of the changelog.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMain, readJson, top, workspaces, writeJson } from "./packages.js";

const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

/** Returns a manifest with this version, and with its dependencies on the named packages set to the same. */
export function withVersion(manifest, names, version) {
  const changed = { ...manifest, version };
  for (const field of ["dependencies", "devDependencies", "peerDependencies"]) {
    if (manifest[field] === undefined) continue;
    const entries = Object.entries(manifest[field]);
    changed[field] = Object.fromEntries(entries.map(([name, range]) => [name, names.has(name) ? version : range]));
  }
  return changed;
}

/**
 * Returns a changelog whose "Unreleased" section is that of a version, below a new, empty one.
 *
 * @throws when nothing is listed as unreleased, or the version is released already
 */
export function releaseChangelog(text, version, date) {
  const heading = "## Unreleased\n";
  const start = text.indexOf(heading);
  if (start === -1) throw new Error('CHANGELOG.md has no section "## Unreleased"');
  if (text.includes(`\n## ${version} `)) throw new Error(`CHANGELOG.md lists ${version} already`);
  const [section = ""] = text.slice(start + heading.length).split(/^## /m);
  if (section.trim() === "") throw new Error('CHANGELOG.md lists nothing under "## Unreleased"');
  return text.replace(heading, () => `${heading}\n## ${version} – ${date}\n`);
}

if (isMain(import.meta.url)) {
  const [version = ""] = process.argv.slice(2);
  if (!VERSION.test(version)) {
    console.error("Usage: npm run set-version -- X.Y.Z");
    process.exit(2);
  }
  const changelog = join(top, "CHANGELOG.md");
  const today = new Date().toISOString().slice(0, "2026-01-01".length);
  writeFileSync(changelog, releaseChangelog(readFileSync(changelog, "utf8"), version, today));

  const packages = workspaces();
  const names = new Set(packages.map(({ name }) => name));
  writeJson("package.json", withVersion(readJson("package.json"), names, version));
  for (const { folder, manifest } of packages) {
    writeJson(join(folder, "package.json"), withVersion(manifest, names, version));
  }
  execFileSync("npm", ["install", "--package-lock-only", "--no-audit"], { cwd: top, stdio: "inherit" });
  console.log(`${packages.length} packages have version ${version}. Review CHANGELOG.md, commit, and tag v${version}.`);
}
