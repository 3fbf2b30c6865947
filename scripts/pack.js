// Packs every public package and prints the commands that install the tarballs in another project.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { isMain, publicPackages, top } from "./packages.js";

/** Packages that authors need only while they develop a plugin. */
const DEVELOPMENT = ["@kloset/host", "@kloset/conformance", "@kloset/testing", "kloset", "create-kloset"];

/**
 * Packs the public packages into a folder, which is created if it is missing.
 *
 * @returns one item per tarball: the package's name, the path of the tarball, and the paths in it
 * @throws when a package is not built
 */
export function packPublic(folder) {
  mkdirSync(folder, { recursive: true });
  const workspaces = publicPackages().flatMap(({ name }) => ["--workspace", name]);
  const args = ["pack", "--json", "--foreground-scripts=false", "--pack-destination", resolve(folder), ...workspaces];
  const output = execFileSync("npm", args, { cwd: top, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(output).map(({ name, filename, files }) => ({
    name,
    tarball: join(resolve(folder), filename),
    paths: files.map(({ path }) => path),
  }));
}

/** Returns the arguments of two npm commands: the first installs the SDK, the second the tools that test a plugin. */
export function installCommands(packed) {
  const paths = (wanted) => packed.filter(wanted).map(({ tarball }) => tarball);
  return [
    ["install", ...paths(({ name }) => !DEVELOPMENT.includes(name))],
    ["install", "--save-dev", ...paths(({ name }) => DEVELOPMENT.includes(name))],
  ];
}

if (isMain(import.meta.url)) {
  const [folder, ...rest] = process.argv.slice(2);
  if (folder === undefined || rest.length > 0) {
    console.error("Usage: npm run pack -- DIR");
    process.exit(2);
  }
  const packed = packPublic(resolve(process.env.INIT_CWD ?? ".", folder));
  console.log(`Packed ${packed.length} packages. Install them in your project:\n`);
  for (const command of installCommands(packed)) console.log(`npm ${command.join(" ")}\n`);
}
