// Verifies the statements of SECURITY.md about dependencies: the packages that an author installs with the SDK, the
// source of all packages, and that none runs code during installation. `npm audit` reports known vulnerabilities.
import { readFileSync } from "node:fs";

const top = new URL("..", import.meta.url);
const main = lockOf("");
// The site has a lock file of its own.
const locks = [main, lockOf("site/")];
const { packages } = main;
const problems = [
  ...locks.flatMap((lock) => [...foreignSources(lock), ...installScripts(lock)]),
  ...undocumented(),
  ...withoutProvenance(),
];

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(
  `${Object.keys(packages).length} packages in the lock file, ${production("@kloset/sdk").size} in an installed @kloset/sdk, as SECURITY.md states`,
);

function lockOf(folder) {
  const { packages } = JSON.parse(read(`${folder}package-lock.json`));
  const { allowScripts } = JSON.parse(read(`${folder}package.json`));
  return { packages, allowScripts };
}

function* foreignSources({ packages }) {
  for (const [path, { link, resolved, integrity }] of Object.entries(packages)) {
    if (link || !path.startsWith("node_modules/")) continue;
    // For packages from the registry, the lock file omits the URL (.npmrc). It always names git sources and tarballs.
    if (resolved !== undefined) yield `${path} comes from ${resolved}; only npm's registry is trusted`;
    if (!integrity?.startsWith("sha512-")) yield `${path} has no sha512 hash in the lock file`;
  }
}

function* installScripts({ packages, allowScripts }) {
  for (const [path, { hasInstallScript }] of Object.entries(packages)) {
    const name = nameOf(path);
    if (hasInstallScript && allowScripts[name] !== false)
      yield `${name} has an install script; set it to false in allowScripts`;
  }
  for (const [name, allowed] of Object.entries(allowScripts))
    if (allowed) yield `${name} is allowed to run an install script; set it to false in allowScripts`;
}

function* undocumented() {
  const table = /## Supply chain[\s\S]*?\n\n(\|[\s\S]*?)\n\n/.exec(read("SECURITY.md"))?.[1] ?? "";
  const cells = [...table.matchAll(/^\| ([^|]+) \|/gm)].map((match) => match[1]);
  const listed = new Set([...cells.join().matchAll(/`([^`]+)`/g)].map((match) => match[1]));
  const installed = production("@kloset/sdk");
  for (const name of installed)
    if (!listed.has(name)) yield `${name} is installed with @kloset/sdk, but not listed in SECURITY.md`;
  for (const name of listed)
    if (!installed.has(name)) yield `SECURITY.md lists ${name}, which is not installed with @kloset/sdk`;
}

function* withoutProvenance() {
  for (const { link, resolved } of Object.values(packages)) {
    if (!link) continue;
    const manifest = JSON.parse(read(`${resolved}/package.json`));
    if (!manifest.private && manifest.publishConfig?.provenance !== true)
      yield `${manifest.name} would be published without provenance`;
  }
}

/** Returns the names of all packages that are installed with a package. */
function production(name, found = new Set()) {
  const entry = packages[`node_modules/${name}`];
  const { dependencies = {} } = entry.link ? packages[entry.resolved] : entry;
  for (const dependency of Object.keys(dependencies)) {
    if (found.has(dependency)) continue;
    found.add(dependency);
    production(dependency, found);
  }
  return found;
}

function nameOf(path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

function read(path) {
  return readFileSync(new URL(path, top), "utf8");
}
