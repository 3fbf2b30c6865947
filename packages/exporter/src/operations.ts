import {
  BufferedUpload,
  callWithOwnSignal,
  consume,
  NO_SIGNAL,
  takesArgument,
  unimplemented,
  Upload,
} from "@kloset/adapter";
import type { Exporter, LinkKind } from "./exporter.js";

/**
 * Stores one file, and fails unless the exporter took every byte of it.
 *
 * @param chunks - Must throw when the content breaks off; an array is all of it, none empty.
 * @param expected - Bytes that must come; undefined when the host does not promise any.
 */
export async function storeFile(
  exporter: Exporter,
  pathname: string,
  chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  size: number,
  expected: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const what = JSON.stringify(pathname);
  const upload = isArray(chunks) ? new BufferedUpload(chunks, what) : new Upload(chunks, what, expected);
  if (!takesArgument(exporter, "storeFile", 3)) {
    await consume(upload, (data) => exporter.storeFile(pathname, data, size, NO_SIGNAL));
    return;
  }
  // Its own signal: the host's is aborted after every call, and an author who
  // undoes work on abort would throw away what is stored.
  await callWithOwnSignal(signal, (own) => consume(upload, (data) => exporter.storeFile(pathname, data, size, own)));
}

/** @throws StatusError UNIMPLEMENTED when the exporter has no links. */
export async function createLink(exporter: Exporter, oldname: string, newname: string, kind: LinkKind): Promise<void> {
  if (exporter.createLink === undefined) {
    const what = kind === "hard" ? "hard links" : "symbolic links";
    throw unimplemented(`${JSON.stringify(newname)}: this exporter has no ${what}`);
  }
  await exporter.createLink(oldname, newname, kind);
}

function isArray(chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[]): chunks is readonly Uint8Array[] {
  return Array.isArray(chunks);
}
