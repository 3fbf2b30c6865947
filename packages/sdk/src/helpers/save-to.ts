import type { FileHandle } from "node:fs/promises";
import type { ByteStream } from "@kloset/model";

/** Options of {@link saveTo}. */
export interface SaveToOptions {
  /** Permission bits of the new file, less the umask. Default: 0o600, so that no other user reads it before its permissions are set. */
  readonly mode?: number | undefined;
  /**
   * Writes the content, and the name in its directory, to the disk before it resolves: a power failure loses neither.
   * Use it in storages. False is faster for exporters, whose restore can be repeated. Default: true.
   */
  readonly sync?: boolean | undefined;
  /** Aborts between two chunks. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes content to a file. The content goes to a new file beside it, named `.kloset-` and random digits, which is
 * renamed when it is complete: readers see the old file or the new one, never a part. On failure, the new file is
 * removed and an existing file is unchanged. A process that is killed can leave the new file behind: leave out such
 * names in listings.
 *
 * A symbolic link at `file` is replaced, not followed; those in its parents are followed.
 *
 * @param file - Path of the file. Its directory must exist.
 * @returns The number of bytes.
 * @throws The stream's error if the content is incomplete, the signal's reason, or an error of the file system.
 */
export async function saveTo(
  stream: ByteStream,
  file: string,
  { mode = 0o600, sync = true, signal }: SaveToOptions = {},
): Promise<number> {
  // Loaded on demand: most plugins start without these modules.
  const path = process.getBuiltinModule("node:path");
  const { open, rename, unlink } = process.getBuiltinModule("node:fs/promises");
  const { randomBytes } = process.getBuiltinModule("node:crypto");
  signal?.throwIfAborted();
  const directory = path.dirname(file);
  // Not made from the final name, which may be as long as the file system allows.
  const temporary = path.join(directory, `.kloset-${randomBytes(8).toString("hex")}`);
  const handle = await open(temporary, "wx", mode);
  try {
    const written = await fill(handle, stream, sync, signal);
    await rename(temporary, file);
    if (sync) await syncDirectory(directory);
    return written;
  } catch (error) {
    // Report the first error, not one of the clean-up.
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** Writes everything and closes the file. An error on close is reported, because data may be lost. */
async function fill(handle: FileHandle, stream: ByteStream, sync: boolean, signal?: AbortSignal): Promise<number> {
  let written = 0;
  try {
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      // Unlike write(), writeFile() repeats short writes.
      await handle.writeFile(chunk);
      written += chunk.length;
      stream.release?.(chunk);
    }
    signal?.throwIfAborted();
    if (sync) await handle.sync();
  } catch (error) {
    await handle.close().catch(() => undefined);
    throw error;
  }
  await handle.close();
  return written;
}

/** Errors of systems that cannot sync a directory, and of a directory that the user may write to but not read. */
const NO_DIRECTORY_SYNC: ReadonlySet<unknown> = new Set(["EACCES", "EINVAL", "ENOTSUP", "ENOSYS"]);

async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await process.getBuiltinModule("node:fs/promises").open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && NO_DIRECTORY_SYNC.has(error.code))) throw error;
  }
}
