/** Bytes of the details of each entry of the inventory. */
export const DETAILS_BYTES = 64 * 1024;

const SECRET_LENGTH = 200;

/** Returns the secret of a handle: a different one for each. */
export function secretOf(handle: string): string {
  return handle.padEnd(SECRET_LENGTH, ` secret of ${handle},`);
}
