import { realpath, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** On every machine after `npm ci`, and thousands of files. */
export const defaultFolder = fileURLToPath(new URL("../../node_modules", import.meta.url));

export const usage = `Usage: npm run demo [-- [--keep] [DIR]]

Backs up DIR through the plugin in plugins/fs, stores it, restores it to a
temporary folder and compares, once for each generation of Plakar's wire
protocol. Nothing in DIR is changed.

DIR is node_modules by default: about 12,000 files, a minute or two. For a
look that takes some seconds: npm run demo -- node_modules/@types

  --keep   keep the temporary folders, with the storage and the restored files
  --help   show this text

Exit codes: 0 all is identical, 1 differences or errors, 2 wrong usage.
`;

/** The demo was started in a way that it can not work. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What the user asked for. */
export interface CommandLine {
  readonly help: boolean;
  readonly keep: boolean;
  /** undefined for the default. */
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
        `one folder, not ${positionals.length}: ${positionals.map((each) => JSON.stringify(each)).join(", ")}`,
      );
    return { ...values, folder: positionals[0] };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @returns The folder's absolute path without symbolic links. @throws UsageError when it is no folder. */
export async function folderOf(path: string): Promise<string> {
  try {
    const resolved = await realpath(path);
    if ((await stat(resolved)).isDirectory()) return resolved;
  } catch (error) {
    throw new UsageError(
      `${JSON.stringify(path)} can not be used: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  throw new UsageError(`${JSON.stringify(path)} is not a folder`);
}

/** @returns Whether a path is the folder itself or in it. Both are absolute, without symbolic links. */
export function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
