import { coerce, gte, lt, major, satisfies } from "semver";
import { plakarVersion } from "../plakar.js";
import type { Facts } from "./facts.js";
import { error, ok, warning, type Finding } from "./finding.js";

/** The oldest Node that the SDK supports. */
const OLDEST_NODE = "20.19.0";
/** Lines of Node with long-term support. The SDK is tested on each. */
const TESTED_NODES = [20, 22, 24, 26];
const OLDEST_TYPESCRIPT = "5.7.0";
const NEWEST_TYPESCRIPT_MAJOR = 7;
const INSTALL_NODE = "nvm install 24";
const INSTALL_TYPESCRIPT = "npm install --save-dev typescript@^6";
const INSTALL_PLAKAR = "go install github.com/PlakarKorp/plakar@v1.1.4";

/** Checks the version of Node. */
export function checkNode({ node }: Facts): Finding {
  const text = `Node ${node}`;
  if (lt(node, OLDEST_NODE)) return error("node", `${text} is too old: the SDK needs 20.19 or newer`, INSTALL_NODE);
  if (TESTED_NODES.includes(major(node))) return ok("node", text);
  return warning("node", `${text}: the SDK is tested on Node ${TESTED_NODES.join(", ")}`, INSTALL_NODE);
}

/** Checks that npm exists. */
export function checkNpm({ npm }: Facts): Finding {
  if (npm === undefined) return warning("npm", "npm is not on PATH; Node brings it along", INSTALL_NODE);
  return ok("npm", `npm ${npm}`);
}

/** Checks the operating system. */
export function checkPlatform({ platform }: Facts): Finding {
  if (platform !== "win32") return ok("platform", platform);
  return warning(
    "platform",
    "win32: the SDK has never been run on Windows; in WSL, it runs as on Linux",
    "wsl --install",
  );
}

/** Checks the project's TypeScript. `kloset package` needs none, but `tsc` finds the faults that esbuild ignores. */
export function checkTypescript({ typescript, project }: Facts): Finding {
  const id = "typescript";
  if (typescript === undefined) {
    const isJavaScript = !(project instanceof Error) && project.connectors.every(({ module }) => !isTypescript(module));
    if (isJavaScript) return ok(id, "no TypeScript; the connectors are in JavaScript");
    return warning(id, "TypeScript is not installed in the project: no types are checked", INSTALL_TYPESCRIPT);
  }
  const text = `TypeScript ${typescript}`;
  // A prerelease such as 5.7.0-beta counts as its release.
  const version = coerce(typescript);
  if (version === null) return warning(id, `${text} is no version that npm knows`, INSTALL_TYPESCRIPT);
  if (lt(version, OLDEST_TYPESCRIPT))
    return error(id, `${text} is too old: the types of the SDK need 5.7 or newer`, INSTALL_TYPESCRIPT);
  if (major(version) > NEWEST_TYPESCRIPT_MAJOR)
    return warning(id, `${text}: the SDK is tested up to TypeScript ${NEWEST_TYPESCRIPT_MAJOR}`, INSTALL_TYPESCRIPT);
  return ok(id, text);
}

function isTypescript(module: string): boolean {
  return /\.[cm]?tsx?$/.test(module);
}

/** Checks the installed Plakar. */
export function checkPlakar({ plakar }: Facts): Finding {
  const id = "plakar";
  if (plakar === undefined)
    return warning(id, "plakar is not on PATH: packages cannot be created or installed here", INSTALL_PLAKAR);
  const version = plakarVersion(plakar);
  if (version === undefined) {
    const line = JSON.stringify(plakar.trim().split("\n", 1)[0]);
    return warning(id, `expected \`plakar version\` to print plakar/v1.1.4 or the like, got ${line}`, INSTALL_PLAKAR);
  }
  const text = `Plakar ${version.version}`;
  if (lt(version, "1.0.3"))
    return error(id, `${text} is too old: the SDK serves Plakar 1.0.3 and newer`, INSTALL_PLAKAR);
  if (satisfies(version, ">=1.1.0-alpha <1.1.0", { includePrerelease: true }))
    return warning(id, `${text} is a prerelease with an unfinished protocol`, INSTALL_PLAKAR);
  if (gte(version, "1.2.0-0")) return warning(id, `${text}: the SDK is tested up to Plakar 1.1`, INSTALL_PLAKAR);
  return ok(id, text);
}
