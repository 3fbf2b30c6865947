/** The fields of a `stat` result that show whether a file was modified. */
export interface FileState {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/**
 * Compares the state of a file before and after it was read. In between, the file
 * may shrink, grow, or be overwritten in place.
 *
 * @param count - Number of bytes that were read.
 * @throws Error that names the file and the change.
 */
export function assertUnchanged(pathname: string, before: FileState, after: FileState, count: number): void {
  const path = JSON.stringify(pathname);
  const start = `${path} changed while it was read: ${String(before.size)} bytes at the start`;
  if (count > before.size) throw new Error(`${start}, at least ${count} read`);
  if (count < before.size) throw new Error(`${start}, ${count} read`);
  if (after.size !== before.size) throw new Error(`${start}, ${String(after.size)} at the end`);
  if (after.mtimeNs !== before.mtimeNs) throw new Error(`${path} changed while it was read: its content was modified`);
  // A writer can restore mtime, as `touch -r` and some programs do, but no program can set ctime.
  if (after.ctimeNs !== before.ctimeNs) {
    throw new Error(`${path} changed while it was read: its content, attributes or names were modified`);
  }
}
