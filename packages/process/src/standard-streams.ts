/**
 * Helpers that do not create the standard streams. Node creates `process.stdout` and `process.stderr` on first access,
 * and each takes a millisecond, which would delay the host.
 *
 * @module
 */
import { writeSync } from "node:fs";

/** The modules that Node loads for standard streams on a pipe or socket, a terminal, and a file. */
const streamModules = ["NativeModule net", "NativeModule tty", "NativeModule internal/fs/sync_write_stream"];

/** Returns false if no standard stream exists yet, because Node has not loaded the modules for them. */
export function standardStreamsMayExist(): boolean {
  // Undocumented: if it is missing or empty, assume that the streams exist.
  const { moduleLoadList } = process as { readonly moduleLoadList?: unknown };
  if (!Array.isArray(moduleLoadList) || moduleLoadList.length === 0) return true;
  return streamModules.some((module) => moduleLoadList.includes(module));
}

let ignoresLogErrors = false;

/** Ignores errors of stderr: a log that has lost its reader must not cause an uncaught exception. */
export function ignoreLogErrors(): void {
  if (ignoresLogErrors) return;
  ignoresLogErrors = true;
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

/** Replaces streams of `process`; each replacement is created on access. */
export function replaceStreams(streams: Partial<Record<"stdin" | "stdout" | "stderr", () => unknown>>): void {
  // Check first: a named import copies, and thereby creates, the streams.
  const mayBeImported = standardStreamsMayExist();
  for (const [name, get] of Object.entries(streams))
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get });
  if (mayBeImported) syncImports();
}

/** Makes named imports of Node's modules see replaced exports. */
export function syncImports(): void {
  // Loaded on demand: most plugins do not need it.
  process.getBuiltinModule("node:module").syncBuiltinESMExports();
}

/** Writes to stderr synchronously: streams are not flushed when the process exits. */
export function writeLine(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // stderr is closed or full.
  }
}

function ignore(): void {
  // The error cannot be reported: stderr itself has failed.
}
