import {
  callWithOwnSignal,
  consume,
  NO_SIGNAL,
  takesArgument,
  unimplemented,
  Upload,
  type Arrivals,
} from "@kloset/adapter";
import type { Exporter, LinkKind } from "./exporter.js";

/**
 * Passes the content of a file to the exporter's `storeFile`, and fails unless the
 * exporter read every byte.
 *
 * @param chunks - The content. Throws if it is incomplete.
 * @param expected - Number of bytes announced by the host; undefined if it announces none.
 */
export function writeWholeFile(
  exporter: Exporter,
  pathname: string,
  chunks: Arrivals<Uint8Array>,
  size: number | undefined,
  expected: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const upload = new Upload(chunks, JSON.stringify(pathname), "storeFile", expected);
  if (!takesArgument(exporter, "storeFile", 3)) {
    return consume(upload, (data) => exporter.storeFile(pathname, data, size, NO_SIGNAL));
  }
  // Use a separate signal: the host's is aborted after every call, and an author who
  // rolls back on abort would discard the stored file.
  return callWithOwnSignal(signal, (own) => consume(upload, (data) => exporter.storeFile(pathname, data, size, own)));
}

/**
 * Creates a link.
 *
 * @throws StatusError UNIMPLEMENTED if the exporter has no `createLink`.
 */
export async function createLink(exporter: Exporter, oldname: string, newname: string, kind: LinkKind): Promise<void> {
  if (exporter.createLink === undefined) {
    const what = kind === "hard" ? "hard links" : "symbolic links";
    throw unimplemented(`${JSON.stringify(newname)}: this exporter does not support ${what}`);
  }
  await exporter.createLink(oldname, newname, kind);
}
