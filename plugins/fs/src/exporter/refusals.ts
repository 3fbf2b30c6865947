import { codeOf, hasCode } from "../fs/errors.js";
import type { Notices } from "../fs/notices.js";

/**
 * The errors of a target that cannot keep something: exFAT, SMB and sshfs keep neither owners nor links, a rootless
 * container knows few owners, and a service may be forbidden to set setuid.
 */
const REFUSALS = ["EPERM", "EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EOVERFLOW"] as const;

/** Returns true if the target cannot keep what was asked. Other errors, such as ENOSPC, may be gone at the next try. */
export function isRefusal(error: unknown): boolean {
  return hasCode(error, ...REFUSALS);
}

/**
 * Tells the user, once for each kind, that the target does not keep something, and counts the entry for the summary.
 *
 * @param kind - What is lost, such as "owners not set".
 * @param error - The refusal.
 * @param path - The entry, as the user knows it.
 */
export function noteRefusal(notices: Notices, kind: string, error: unknown, path: string): void {
  notices.once(`${kind}: the target refuses with ${codeOf(error) ?? "an error"}`, path);
  notices.count(kind);
}
