import { randomBytes } from "node:crypto";

const PREFIX = ".tsfs-";
const PATTERN = /^\.tsfs-[0-9a-f]{12}$/;

/**
 * Makes the name of a file that is not finished: 18 characters that say nothing
 * of the file it becomes, because `<name>.tmp` can be longer than the 255 bytes
 * that a name may have.
 */
export function temporaryName(): string {
  return `${PREFIX}${randomBytes(6).toString("hex")}`;
}

/** True for names that {@link temporaryName} makes. */
export function isTemporaryName(name: string): boolean {
  return PATTERN.test(name);
}
