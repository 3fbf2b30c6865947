import { realpath, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Command } from "commander";

/** Exists after `npm ci`, and contains thousands of files. */
const defaultFolder = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** An error in the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The parsed command line. */
export interface CommandLine {
  readonly keep: boolean;
  readonly folder: string;
}

/** @throws CommanderError for an unknown option, or more than one folder, after it has been printed with the help. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const command = new Command("npm run demo --")
    .description(
      "Backs up a folder with the plugin in plugins/fs, stores it, restores it to a temporary folder and compares both, " +
        "once for each generation of Plakar's wire protocol. The folder is not changed.",
    )
    .argument(
      "[folder]",
      "folder to back up. The default is node_modules: about 21,000 files, which take two minutes. For a run of some seconds: node_modules/@types",
    )
    .option("--keep", "keep the temporary folders, with the storage and the restored files")
    .addHelpText("after", "\nExit codes: 0 identical, 1 differences or errors, 2 wrong usage.")
    .showHelpAfterError()
    .exitOverride()
    .parse(args, { from: "user" });
  const { keep = false } = command.opts<{ keep?: true }>();
  return { keep, folder: command.args[0] ?? defaultFolder };
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
