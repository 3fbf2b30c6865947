import validatePackageName from "validate-npm-package-name";
import { UsageError } from "../exit-code.js";

/** Longest name of a file on common file systems, less the longest suffix of a package: `_v1.2.3_windows_amd64.ptar`. */
const MAX_NAME_LENGTH = 200;

/** Protocols of Plakar's own connectors: two connectors cannot share one. */
const RESERVED_PROTOCOLS = ["fs", "http", "https", "ptar", "stdio"];

/** Names of devices, which no file on Windows can have, whatever its extension. */
const DEVICE = /^(con|prn|aux|nul|com[1-9]|lpt[1-9])$/;

/** The names that follow from that of a plugin. */
export interface PluginNames {
  /** Name of the plugin and protocol of its locations. */
  readonly name: string;
  /** Name of the npm package. */
  readonly packageName: string;
}

/**
 * Checks the name of a new plugin against the rules of every later step: Plakar's for packages, those of URL schemes for the
 * protocol, and npm's.
 *
 * @throws UsageError that names the value and the rule.
 */
export function pluginNames(name: string): PluginNames {
  const refuse = (rule: string): UsageError => new UsageError(`name ${JSON.stringify(name)}: ${rule}`);
  if (name === "") throw refuse("expected at least one character");
  if (!/^[A-Za-z0-9-]+$/.test(name)) {
    const wrong = [...new Set(name.replaceAll(/[A-Za-z0-9-]/g, ""))].map((character) => JSON.stringify(character));
    throw refuse(`expected letters, digits and hyphens, got ${wrong.join(", ")}; Plakar rejects other package names`);
  }
  if (/[A-Z]/.test(name)) throw refuse("expected small letters; npm rejects capital letters in package names");
  if (!/^[a-z]/.test(name)) throw refuse("expected a letter at the start; the name is the protocol of URLs");
  if (name.length > MAX_NAME_LENGTH) throw refuse(`expected at most ${MAX_NAME_LENGTH} characters, got ${name.length}`);
  if (DEVICE.test(name)) throw refuse("Windows reserves it for a device");
  if (RESERVED_PROTOCOLS.includes(name)) throw refuse("Plakar's own connectors use this protocol");
  const packageName = `kloset-plugin-${name}`;
  // The plain name as well: it may be published under it, and some are reserved.
  for (const each of [name, packageName]) {
    const { validForNewPackages, errors = [], warnings = [] } = validatePackageName(each);
    if (!validForNewPackages) throw refuse(`npm rejects the package name: ${[...errors, ...warnings].join("; ")}`);
  }
  return { name, packageName };
}
