import { compare, valid } from "semver";
import type { Facts, InstalledPackage } from "./facts.js";
import { error, ok, warning, type Finding } from "./finding.js";

const SDK = "@kloset/sdk";

/** Checks the installed packages of the SDK. They share one version, and are not tested in any other combination. */
export function checkPackages({ packages, manifest, ownVersion }: Facts): Finding[] {
  const id = "packages";
  const declared = manifest instanceof Error ? {} : { ...manifest.dependencies, ...manifest.devDependencies };
  const sdk = packages.find(({ name }) => name === SDK);
  if (sdk === undefined)
    return [error(id, `${SDK} is not installed`, SDK in declared ? "npm install" : `npm install ${SDK}`)];
  const absent = Object.keys(declared).filter(
    (name) => isOurs(name) && !packages.some((installed) => installed.name === name),
  );
  if (absent.length > 0) return [error(id, `${absent.join(", ")} in package.json, but not installed`, "npm install")];
  const versions = [...new Set(packages.map(({ version }) => version))].filter((version) => valid(version) !== null);
  const newest = versions.toSorted(compare).at(-1) ?? sdk.version;
  if (versions.length > 1)
    return [
      error(id, `packages of different versions: ${listed(packages)}`, installCommand(newest, packages, manifest)),
    ];
  const findings = [ok(id, `${packages.length} packages of version ${sdk.version}`)];
  if (ownVersion !== sdk.version) {
    const text = `kloset ${ownVersion} runs on a project with ${SDK} ${sdk.version}`;
    findings.push(warning("packages.kloset", text, `npm install --save-dev kloset@${sdk.version}`));
  }
  return findings;
}

function isOurs(name: string): boolean {
  return name === "kloset" || name.startsWith("@kloset/");
}

/** Lists one package for each version, and the place of those that are not in the first node_modules. */
function listed(packages: readonly InstalledPackage[]): string {
  const byVersion = new Map<string, InstalledPackage[]>();
  for (const each of packages) byVersion.set(each.version, [...(byVersion.get(each.version) ?? []), each]);
  return [...byVersion]
    .map(([version, [first, ...others]]) => {
      const place = first?.path ?? "";
      return `${version} (${place}${others.length > 0 ? ` and ${others.length} more` : ""})`;
    })
    .join(", ");
}

/** Returns the commands that install every package of package.json in one version. */
function installCommand(version: string, packages: readonly InstalledPackage[], manifest: Facts["manifest"]): string {
  const { dependencies = {}, devDependencies = {} } = manifest instanceof Error ? {} : manifest;
  const wanted = (names: Readonly<Record<string, string>>): string[] =>
    Object.keys(names)
      .filter(isOurs)
      .map((name) => `${name}@${version}`);
  const commands = [
    ["npm install", wanted(dependencies)],
    ["npm install --save-dev", wanted(devDependencies)],
  ] as const;
  const needed = commands.filter(([, names]) => names.length > 0).map(([npm, names]) => [npm, ...names].join(" "));
  // Without a declaration, another package brought them along.
  return needed.length > 0 ? needed.join(" && ") : `npm install ${packages[0]?.name ?? SDK}@${version}`;
}
