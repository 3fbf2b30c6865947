/**
 * `process.stdout` and `process.stderr` are made when they are first asked for,
 * and each takes Node a millisecond that a host would wait.
 *
 * @module
 */

/** What Node makes them of: on a pipe or a socket, a terminal, a file. */
const materials = ["NativeModule net", "NativeModule tty", "NativeModule internal/fs/sync_write_stream"];

/** Whether any of them may have been made already: never as long as Node has not loaded what they are made of. */
export function standardStreamsMayExist(): boolean {
  // Not documented: where it is not there, or is empty, nothing is known.
  const { moduleLoadList } = process as { readonly moduleLoadList?: unknown };
  if (!Array.isArray(moduleLoadList) || moduleLoadList.length === 0) return true;
  return materials.some((material) => moduleLoadList.includes(material));
}

let isPutUpWith = false;

/** A log that nobody reads any more must not become an uncaught exception. */
export function putUpWithLostLog(): void {
  if (isPutUpWith) return;
  isPutUpWith = true;
  if (standardStreamsMayExist()) {
    process.stderr.on("error", ignore);
    return;
  }
  const original = Object.getOwnPropertyDescriptor(process, "stderr");
  let stderr: NodeJS.WriteStream | undefined;
  replaceStreams({
    stderr: () => (stderr ??= (original?.get?.call(process) as NodeJS.WriteStream).on("error", ignore)),
  });
}

/** Puts other streams in the places of those of `process`; each is made when it is asked for. */
export function replaceStreams(streams: Partial<Record<"stdin" | "stdout" | "stderr", () => unknown>>): void {
  // Asked before: what was imported by name was copied, and so made, when that was first done.
  const mayBeImported = standardStreamsMayExist();
  for (const [name, get] of Object.entries(streams))
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get });
  if (mayBeImported) syncImports();
}

/** Makes imports of Node's modules by name see what was put in the place of their exports. */
export function syncImports(): void {
  // Loaded here and not above: most plugins never get here.
  process.getBuiltinModule("node:module").syncBuiltinESMExports();
}

function ignore(): void {
  // Nobody is left to tell.
}
