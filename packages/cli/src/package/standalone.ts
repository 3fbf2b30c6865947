import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { CliError } from "../exit-code.js";
import { ownTarget, TARGETS, type NodeBinaries, type TargetName } from "./node-binary.js";

const run = promisify(execFile);

/** Marks the place in the binary of Node where it looks for a program. From Node's documentation. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

const SETTINGS = "settings.json";

/**
 * Turns a CommonJS script into an executable that needs no Node: a single executable application, which is a copy of the
 * binary of Node with the script in it. Removes the script.
 *
 * @param script - Absolute path of the script, whose name ends with `.cjs`. The executable lies beside it.
 * @param warn - Receives texts for the user.
 * @returns The name of the executable.
 * @throws CliError if a step fails.
 */
export async function makeStandalone(
  script: string,
  target: TargetName,
  binaries: NodeBinaries,
  warn: (text: string) => void,
): Promise<string> {
  const executable = script.replace(/\.cjs$/, TARGETS[target].extension);
  const folder = await mkdtemp(join(tmpdir(), "kloset-standalone-"));
  try {
    const blob = join(folder, "program.blob");
    const main = basename(script);
    await copyFile(script, join(folder, main));
    const settings = { main, output: basename(blob), disableExperimentalSEAWarning: true, useCodeCache: false };
    await writeFile(join(folder, SETTINGS), JSON.stringify(settings));
    // The format of the blob depends on the version of Node, so the same version writes it. The blob contains the path
    // of the script as it is in the settings: a relative one, so that the same script gives the same bytes.
    const writer = await blobWriter(target, binaries);
    await step("node --experimental-sea-config", writer, ["--experimental-sea-config", SETTINGS], folder);
    await copyFile(await binaries(target), executable);
    await chmod(executable, 0o755);
    const segment = target.startsWith("darwin") ? ["--macho-segment-name", "NODE_SEA"] : [];
    await step("postject", process.execPath, [
      postject(),
      ...[executable, "NODE_SEA_BLOB", blob, "--sentinel-fuse", FUSE],
      ...segment,
    ]);
    if (target.startsWith("darwin")) await signAdHoc(executable, warn);
    await rm(script);
    return basename(executable);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A binary that runs here: that of this platform, if there is one, or the one to copy. */
function blobWriter(target: TargetName, binaries: NodeBinaries): Promise<string> {
  const own = ownTarget();
  return binaries(own in TARGETS ? (own as TargetName) : target);
}

/** Its command, in a process of its own, because it prints to standard output. */
function postject(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve("postject")), "cli.js");
}

/** Injecting a program breaks the signature of the binary, and macOS on arm64 runs no program without a valid one. */
async function signAdHoc(executable: string, warn: (text: string) => void): Promise<void> {
  for (const [command, ...args] of [
    ["codesign", "--force", "--sign", "-", executable],
    ["rcodesign", "sign", executable],
  ] as const) {
    try {
      await run(command, args);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        throw new CliError(`${command} failed: ${String(error)}`, { cause: error });
    }
  }
  warn(
    `${basename(executable)} has no valid signature, because neither codesign nor rcodesign is on the PATH. Before macOS can ` +
      `run it, sign it there: codesign --force --sign - ${basename(executable)}`,
  );
}

async function step(name: string, command: string, args: readonly string[], cwd?: string): Promise<void> {
  try {
    await run(command, args, { cwd });
  } catch (error) {
    const { stderr = "", message } = error as Error & { readonly stderr?: string };
    throw new CliError(`${name} failed: ${stderr.trim() === "" ? message : stderr.trim()}`, { cause: error });
  }
}
