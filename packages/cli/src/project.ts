import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { nearestOf } from "@kloset/config/nearest";
import * as v from "valibot";
import { UsageError } from "./exit-code.js";

/** The kinds of connectors, as `manifest.yaml` names them. */
export const CONNECTOR_TYPES = ["importer", "exporter", "storage", "secret_provider", "inventory"] as const;

/** One of {@link CONNECTOR_TYPES}. */
export type ConnectorType = (typeof CONNECTOR_TYPES)[number];

/** One connector of a project. */
export interface ProjectConnector {
  readonly type: ConnectorType;
  /** Absolute path of the module whose default export is the connector, as `defineImporter` and its siblings return it. */
  readonly module: string;
  /** The protocols of its locations: `["notes"]` for `notes://…`. */
  readonly protocols: readonly string[];
  /** The flags of its locations in the manifest: `localfs`, `file`, `stream`, `needack`, `exportxattr`. */
  readonly locationFlags: readonly string[];
  /** The class of the resource, for the forms of the control plane. */
  readonly class?: string;
  readonly subclass?: string;
}

/** A plugin project: a folder with a `package.json` that has a `kloset` key. */
export interface Project {
  /** Absolute path of the folder. */
  readonly folder: string;
  /** Name of the plugin: letters, digits and hyphens. */
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  /** Version of the plugin, without `v`: that of package.json. */
  readonly version: string;
  readonly license: string;
  readonly homepage?: string;
  readonly contact?: string;
  readonly tags: readonly string[];
  /** The git repository, and the folder of the project in it. */
  readonly repository?: { readonly url: string; readonly directory?: string };
  /** True if each executable gets the reference server beside it, for `KLOSET_SERVER=connect`. */
  readonly referenceServer: boolean;
  readonly connectors: readonly ProjectConnector[];
}

/** Plakar rejects a package whose name has other characters. */
const NAME = /^[A-Za-z0-9-]+$/;

const connectorSchema = v.strictObject({
  type: v.picklist(CONNECTOR_TYPES),
  module: v.pipe(v.string(), v.nonEmpty()),
  protocols: v.optional(v.array(v.pipe(v.string(), v.nonEmpty()))),
  locationFlags: v.optional(v.array(v.string()), []),
  class: v.optional(v.string()),
  subclass: v.optional(v.string()),
});

const manifestSchema = v.object({
  name: v.string(),
  version: v.string(),
  description: v.optional(v.string(), ""),
  license: v.optional(v.string(), "UNLICENSED"),
  homepage: v.optional(v.string()),
  keywords: v.optional(v.array(v.string()), []),
  repository: v.optional(v.union([v.string(), v.object({ url: v.string(), directory: v.optional(v.string()) })])),
  kloset: v.strictObject({
    name: v.optional(v.pipe(v.string(), v.regex(NAME, "letters, digits and hyphens only"))),
    displayName: v.optional(v.string()),
    contact: v.optional(v.string()),
    tags: v.optional(v.array(v.string())),
    referenceServer: v.optional(v.boolean(), false),
    connectors: v.pipe(v.array(connectorSchema), v.minLength(1, "at least one connector")),
  }),
});

/** The keys below `kloset`. */
const KLOSET_KEYS = [...Object.keys(manifestSchema.entries.kloset.entries), ...Object.keys(connectorSchema.entries)];

/**
 * Reads the project in a folder, from the `kloset` key of its package.json:
 *
 * @example
 * {
 *   "name": "kloset-plugin-notes",
 *   "version": "1.2.0",
 *   "kloset": {
 *     "displayName": "Notes",
 *     "connectors": [{ "type": "importer", "module": "./src/importer.ts" }]
 *   }
 * }
 *
 * @throws UsageError if the file does not exist, is no JSON, or has a wrong or unknown key; it names the key.
 */
export async function readProject(folder: string): Promise<Project> {
  return projectOf(folder, await readJson(join(folder, "package.json")));
}

/** Checks the parsed package.json of a folder. See {@link readProject}. */
export function projectOf(folder: string, manifest: unknown): Project {
  const path = join(folder, "package.json");
  const parsed = v.safeParse(manifestSchema, manifest);
  if (!parsed.success) {
    const problems = parsed.issues.map(problemOf);
    throw new UsageError(`${path}: ${problems.join("; ")}`);
  }
  const { kloset, keywords, homepage, repository, ...common } = parsed.output;
  const name = kloset.name ?? common.name.replace(/^@[^/]*\//, "").replace(/^kloset-plugin-/, "");
  if (!NAME.test(name))
    throw new UsageError(`${path}: expected a name of letters, digits and hyphens, got ${JSON.stringify(name)}`);
  return {
    folder: resolve(folder),
    name,
    displayName: kloset.displayName ?? name,
    description: common.description,
    version: common.version,
    license: common.license,
    ...(homepage !== undefined && { homepage }),
    ...(kloset.contact !== undefined && { contact: kloset.contact }),
    tags: kloset.tags ?? keywords,
    ...(repository !== undefined && { repository: repositoryOf(repository) }),
    referenceServer: kloset.referenceServer,
    connectors: kloset.connectors.map(({ protocols = [name], ...connector }) => ({
      type: connector.type,
      module: resolve(folder, connector.module),
      protocols,
      locationFlags: connector.locationFlags,
      ...(connector.class !== undefined && { class: connector.class }),
      ...(connector.subclass !== undefined && { subclass: connector.subclass }),
    })),
  };
}

/** Says in words which key is missing or unknown; the library's messages are about types. */
function problemOf(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? "the file";
  if (issue.type === "strict_object" && issue.expected === "never") {
    const near = nearestOf(path.slice(path.lastIndexOf(".") + 1), KLOSET_KEYS);
    return `${path}: unknown key${near === undefined ? "" : `, did you mean "${near}"?`}`;
  }
  return issue.received === "undefined" ? `${path}: is missing` : `${path}: ${issue.message}`;
}

/** npm allows a short form, a URL, and an object; it writes `git+` before the URL. */
function repositoryOf(
  repository: string | { readonly url: string; readonly directory?: string | undefined },
): NonNullable<Project["repository"]> {
  const { url, directory } = typeof repository === "string" ? { url: repository, directory: undefined } : repository;
  const full = /^(?:github:)?[\w.-]+\/[\w.-]+$/.test(url)
    ? `https://github.com/${url.replace(/^github:/, "")}`
    : url.replace(/^git\+/, "");
  return { url: full, ...(directory !== undefined && { directory }) };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
