import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UsageError } from "../exit-code.js";
import { ownVersion } from "../version.js";

/** The packages of the SDK that a project names, with the ranges for its package.json. */
export interface SdkPackages {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const RUNTIME = "@kloset/sdk";
const DEVELOPMENT = ["@kloset/testing", "kloset"];

/** Only `npm create` uses it. */
const CREATOR = "create-kloset";

/** A tarball of npm: `kloset-sdk-0.1.0.tgz` is `@kloset/sdk`, and `kloset-0.1.0.tgz` is `kloset`. */
const TARBALL = /^(?<name>kloset(?:-[a-z]+)*|create-kloset)-(?<version>\d+\.\d+\.\d+.*)\.tgz$/;

/**
 * Returns the dependencies of a project on the SDK.
 *
 * @param spec - A range of versions, or a folder of tarballs, as `npm run pack -- DIR` writes it. Default: this version.
 * With tarballs, the packages that the SDK itself depends on are named, too: no registry has them.
 * @throws UsageError if the folder lacks a package, or has two versions of one.
 */
export async function sdkPackages(spec = `^${ownVersion()}`): Promise<SdkPackages> {
  const tarballs = await tarballsIn(spec);
  if (tarballs === undefined) {
    return {
      dependencies: { [RUNTIME]: spec },
      devDependencies: Object.fromEntries(DEVELOPMENT.map((name) => [name, spec])),
    };
  }
  const missing = [RUNTIME, ...DEVELOPMENT].filter((name) => !tarballs.has(name));
  if (missing.length > 0) {
    throw new UsageError(`--sdk ${spec}: the folder has no tarball of ${missing.join(", ")}; run "npm run pack"`);
  }
  const devDependencies = [...tarballs].filter(([name]) => name !== RUNTIME && name !== CREATOR).sort();
  return {
    dependencies: { [RUNTIME]: tarballs.get(RUNTIME) ?? spec },
    devDependencies: Object.fromEntries(devDependencies),
  };
}

/** @returns The packages of a folder with their `file:` specs; undefined if it is no folder. */
async function tarballsIn(spec: string): Promise<Map<string, string> | undefined> {
  const folder = resolve(spec);
  let files: string[];
  try {
    files = await readdir(folder);
  } catch (error) {
    // A range such as "^0.1.0" is no path. A path that cannot be read is an error.
    if (!/[\\/]/.test(spec) && (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UsageError(`--sdk ${spec}: ${(error as Error).message}`, { cause: error });
  }
  const tarballs = new Map<string, string>();
  for (const file of files.sort()) {
    const { name } = TARBALL.exec(file)?.groups ?? {};
    if (name === undefined) continue;
    const packageName = name.startsWith("kloset-") ? name.replace("kloset-", "@kloset/") : name;
    if (tarballs.has(packageName)) throw new UsageError(`--sdk ${spec}: the folder has two versions of ${packageName}`);
    tarballs.set(packageName, `file:${join(folder, file)}`);
  }
  return tarballs;
}
