import { minVersion } from "semver";
import * as v from "valibot";
import { UsageError } from "../exit-code.js";
import type { SdkPackages } from "../new/sdk-spec.js";

const FIELDS = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"] as const;

const versions = v.optional(v.record(v.string(), v.string()));
const manifestSchema = v.looseObject({
  dependencies: versions,
  devDependencies: versions,
  peerDependencies: versions,
  optionalDependencies: versions,
});

/** A package.json with other versions of the SDK. */
export interface UpdatedManifest {
  /** The lowest version of the SDK that the old one accepted. `0.0.0` if unknown. */
  readonly from: string;
  readonly text: string;
  /** The changes, one a line. */
  readonly changes: readonly string[];
  /** Packages that were left as they are, with the reason. */
  readonly notes: readonly string[];
}

/** The new version: that of this program, or what the user has named. */
export type Target = { readonly version: string } | { readonly sdk: SdkPackages };

/**
 * Sets the versions of the SDK's packages in a package.json, and keeps its indentation. A range keeps its operator.
 *
 * @param path - Names the file in errors.
 * @throws UsageError if the file is no JSON, or does not depend on the SDK.
 */
export function updateManifest(text: string, path: string, target: Target): UpdatedManifest {
  const manifest = parseManifest(text, path);
  const [changes, notes]: [string[], string[]] = [[], []];
  const sdk = FIELDS.map((field) => manifest[field]?.["@kloset/sdk"]).find((range) => range !== undefined);
  if (sdk === undefined) throw new UsageError(`${path} does not depend on @kloset/sdk: this is no project of a plugin`);
  for (const field of FIELDS) {
    const entries = manifest[field];
    for (const [name, old] of Object.entries(entries ?? {})) {
      if (entries === undefined || !isOurs(name)) continue;
      const range = rangeOf(name, old, target);
      if (range === undefined) notes.push(`${name} stays at ${old}: use --sdk to replace it`);
      else if (range !== old) {
        entries[name] = range;
        changes.push(`${name}: ${old} → ${range}`);
      }
    }
  }
  // Tarballs need every package of the SDK, and a newer SDK may have more of them.
  if ("sdk" in target) {
    for (const [name, range] of Object.entries(target.sdk.devDependencies)) {
      if (FIELDS.some((field) => manifest[field]?.[name] !== undefined)) continue;
      (manifest.devDependencies ??= {})[name] = range;
      changes.push(`${name}: ${range}`);
    }
  }
  const [, indent = "  "] = /^\{\r?\n([ \t]+)/.exec(text) ?? [];
  const updated = `${JSON.stringify(manifest, null, indent)}\n`;
  return { from: versionOf(sdk), text: changes.length === 0 ? text : updated, changes, notes };
}

function parseManifest(text: string, path: string): v.InferOutput<typeof manifestSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  const parsed = v.safeParse(manifestSchema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new UsageError(`${path}: ${v.getDotPath(issue) ?? "the file"}: ${issue.message}`);
}

function isOurs(name: string): boolean {
  return name === "kloset" || name.startsWith("@kloset/");
}

/** @returns The new range; undefined for a file, a link or a repository, which stays. */
function rangeOf(name: string, old: string, target: Target): string | undefined {
  if ("sdk" in target) return target.sdk.dependencies[name] ?? target.sdk.devDependencies[name];
  if (old.includes(":") || old.includes("/")) return undefined;
  const [operator = "^"] = /^[~^]|^(?=\d)/.exec(old) ?? [];
  return operator + target.version;
}

function versionOf(range: string): string {
  // The name of a tarball.
  const [, version] = /-(\d+\.\d+\.\d+[^/]*)\.tgz$/.exec(range) ?? [];
  if (version !== undefined) return version;
  try {
    return minVersion(range)?.version ?? "0.0.0";
  } catch {
    return "0.0.0";
  }
}
