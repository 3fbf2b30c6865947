import { basename, relative, sep } from "node:path";
import { watch } from "chokidar";

/** Folders that hold no sources. Others that begin with a dot are left out, too. */
const IGNORED_FOLDERS = new Set(["node_modules", "dist", "coverage"]);
const IGNORED_FILES = /\.(?:ptar|tsbuildinfo)$/;
/** Editors write a file in several steps, and a checkout changes many files. */
const QUIET_MS = 50;

/**
 * Reports changes of the files below some folders. A burst of changes is one report.
 *
 * @param onError - Receives failures such as a folder that may not be read. Watching continues.
 * @returns A function that stops watching, after the files have been found.
 */
export async function watchFolders(
  folders: readonly string[],
  onChange: () => void,
  onError: (error: unknown) => void,
): Promise<() => Promise<void>> {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch([...folders], {
    ignoreInitial: true,
    ignored: (path) => folders.every((folder) => isIgnored(folder, path)),
  });
  watcher.on("error", onError);
  watcher.on("all", () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, QUIET_MS);
  });
  await new Promise<void>((resolve) => watcher.once("ready", resolve));
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}

function isIgnored(folder: string, path: string): boolean {
  const parts = relative(folder, path).split(sep);
  if (parts[0] === "..") return true;
  return parts.some((part) => part.startsWith(".") || IGNORED_FOLDERS.has(part)) || IGNORED_FILES.test(basename(path));
}
