/** The part of a `stat` that tells whether a file was written to. */
export interface FileState {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/**
 * Compares what a file was when it was opened with what it is when it was read.
 * Between the two a file may lose or gain bytes, or get others of the same number.
 *
 * @param count - Bytes that were read.
 * @throws Error that names the file and says what changed.
 */
export function assertUnchanged(pathname: string, before: FileState, after: FileState, count: number): void {
  const path = JSON.stringify(pathname);
  const start = `${path} changed while it was read: ${String(before.size)} bytes at the start`;
  if (count > before.size) throw new Error(`${start}, at least ${count} read`);
  if (count < before.size) throw new Error(`${start}, ${count} read`);
  if (after.size !== before.size) throw new Error(`${start}, ${String(after.size)} at the end`);
  if (after.mtimeNs !== before.mtimeNs)
    throw new Error(`${path} changed while it was read: its content was written to`);
  // A writer may put the other time back, as `touch -r` and some programs do; this one nobody can set.
  if (after.ctimeNs !== before.ctimeNs) {
    throw new Error(`${path} changed while it was read: its content, its attributes or its names were written to`);
  }
}
