import { realpath, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** Exists after `npm ci`, and contains thousands of files. */
export const defaultFolder = fileURLToPath(new URL("../../node_modules", import.meta.url));

export const usage = `Usage: npm run demo [-- [--keep] [DIR]]

Backs up DIR with the plugin in plugins/fs, stores it, restores it to a
temporary folder and compares both, once for each generation of Plakar's wire
protocol. DIR is not changed.

The default for DIR is node_modules: about 12,000 files, which take a minute or
two. For a run of some seconds: npm run demo -- node_modules/@types

  --keep   keep the temporary folders, with the storage and the restored files
  --help   show this text

Exit codes: 0 identical, 1 differences or errors, 2 wrong usage.
`;

/** An error in the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The parsed command line. */
export interface CommandLine {
  readonly help: boolean;
  readonly keep: boolean;
  /** undefined for the default folder. */
  readonly folder: string | undefined;
}

/** @throws UsageError for an unknown option, or more than one folder. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { keep: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
    });
    if (positionals.length > 1)
      throw new Error(
        `expected one folder, got ${positionals.length}: ${positionals.map((each) => JSON.stringify(each)).join(", ")}`,
      );
    return { ...values, folder: positionals[0] };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @returns The folder's absolute path without symbolic links.
 * @throws UsageError if it is not a folder.
 */
export async function folderOf(path: string): Promise<string> {
  try {
    const resolved = await realpath(path);
    if ((await stat(resolved)).isDirectory()) return resolved;
  } catch (error) {
    throw new UsageError(
      `cannot use ${JSON.stringify(path)}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  throw new UsageError(`${JSON.stringify(path)} is not a folder`);
}

/** Returns true for the folder itself and paths below it. Both are absolute and without symbolic links. */
export function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
