import { access } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describeModule } from "../describe-module.js";
import { CliError } from "../exit-code.js";
import { readProject, type Project, type ProjectConnector } from "../project.js";
import { validatorOf } from "./manifest.js";
import { quoted } from "./problem.js";
import type { Fields, ManifestSource } from "./read.js";
import type { Validators } from "./validator.js";

const REMEDY = "run kloset package, or correct it by hand";
/** Differences that one message names. */
const MAX_NAMED = 3;

/**
 * Compares a manifest with the project that it belongs to: the `kloset` key of the package.json in its folder or the one
 * above, and the options of the modules that it names.
 */
export async function checkProject(source: ManifestSource, folder: string, validators: Validators): Promise<void> {
  const project = await projectOf(folder);
  if (project === undefined) return;
  const { findings, top, connectors } = source;
  compareText(source, top, "name", project.name, "the manifest");
  const version = top.text("version");
  if (version !== undefined && version.value.replace(/^v/, "") !== project.version)
    findings.add(
      "manifest-differs",
      version.start,
      `the version is ${quoted(version.value)}, but package.json has ${quoted(project.version)}: ${REMEDY}`,
    );
  const left = new Set(project.connectors);
  for (const [index, connector] of connectors.entries()) {
    const name = `connector ${index + 1}`;
    const declared = [...left].find((each) => isSame(connector, each));
    if (declared === undefined) {
      findings.add("manifest-differs", connector.start, `package.json has no connector like ${name}: ${REMEDY}`);
      continue;
    }
    left.delete(declared);
    compareText(source, connector, "class", declared.class, name);
    compareText(source, connector, "subclass", declared.subclass, name);
    compareFlags(source, connector, declared, name);
    const validator = validators.get(index);
    if (validator === undefined) continue;
    const difference = await schemaDifference(validator.schema, declared);
    if (difference !== undefined)
      findings.add(
        "validator-differs",
        validator.at.start,
        `${name}: the validator ${quoted(validator.at.value)} ${difference}`,
      );
  }
  for (const { type, protocols } of left)
    findings.add(
      "manifest-differs",
      top.offsetOf("connectors"),
      `package.json has the ${type} of ${protocols.join(", ")}, which the manifest does not have: ${REMEDY}`,
    );
}

async function projectOf(folder: string): Promise<Project | undefined> {
  for (const candidate of [resolve(folder), dirname(resolve(folder))]) {
    try {
      await access(join(candidate, "package.json"));
    } catch {
      continue;
    }
    // A package without the key, or with a broken one, is not a project of kloset's.
    return await readProject(candidate).catch(() => undefined);
  }
  return undefined;
}

function isSame(connector: Fields, { type, protocols }: ProjectConnector): boolean {
  const named = connector.texts("protocols").map(({ value }) => value);
  return connector.text("type")?.value === type && isDeepStrictEqual(new Set(named), new Set(protocols));
}

function compareText(
  { findings }: ManifestSource,
  fields: Fields,
  key: string,
  expected: string | undefined,
  name: string,
): void {
  const actual = fields.text(key);
  if (actual?.value === expected) return;
  const [is, should] = [actual?.value, expected].map((value) => (value === undefined ? "missing" : quoted(value)));
  findings.add(
    "manifest-differs",
    actual?.start ?? fields.offsetOf(key),
    `${name}: "${key}" is ${is}, but in package.json it is ${should}: ${REMEDY}`,
  );
}

function compareFlags({ findings }: ManifestSource, connector: Fields, declared: ProjectConnector, name: string): void {
  const flags = connector.texts("location_flags").map(({ value }) => value);
  if (isDeepStrictEqual(new Set(flags), new Set(declared.locationFlags))) return;
  const [is, should] = [flags, declared.locationFlags].map((list) => `[${list.join(", ")}]`);
  findings.add(
    "manifest-differs",
    connector.offsetOf("location_flags"),
    `${name}: "location_flags" is ${is}, but in package.json it is ${should}: ${REMEDY}`,
  );
}

async function schemaDifference(
  actual: Readonly<Record<string, unknown>>,
  connector: ProjectConnector,
): Promise<string | undefined> {
  const { module } = connector;
  try {
    const { schema, problem = "" } = await describeModule(module);
    if (schema === undefined) return `cannot be compared with the options of ${module}: ${problem}`;
    const paths = differences(actual, validatorOf(connector, schema), "");
    if (paths.length === 0) return undefined;
    const more = paths.length > MAX_NAMED ? ` and ${paths.length - MAX_NAMED} more` : "";
    return `differs from the options of ${module} at ${paths.slice(0, MAX_NAMED).join(", ")}${more}: ${REMEDY}`;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return `cannot be compared with the options of its module: ${error.message}`;
  }
}

/** Returns the paths where two JSON values differ. */
function differences(actual: unknown, expected: unknown, path: string): string[] {
  if (!isObject(actual) || !isObject(expected)) return isDeepStrictEqual(actual, expected) ? [] : [path];
  const keys = new Set([...Object.keys(actual), ...Object.keys(expected)]);
  return [...keys].flatMap((key) => differences(actual[key], expected[key], path === "" ? key : `${path}.${key}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
