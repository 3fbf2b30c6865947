import type { Notices } from "../fs/notices.js";

const NANOSECONDS = 1_000_000_000n;
/** The range of a record: the years 1 to 9999. File systems can store other times, most of them by mistake. */
const MIN = -62_135_596_800n * NANOSECONDS;
const MAX = 253_402_300_800n * NANOSECONDS - 1n;

/**
 * Clamps a modification time to the range of a record. Otherwise the entry would
 * be an error, and its content would be lost because of its time.
 *
 * @param time - Nanoseconds since 1970.
 * @param pathname - The entry, for the notice.
 */
export function modTimeOf(time: bigint, pathname: string, notices: Notices): bigint {
  if (time >= MIN && time <= MAX) return time;
  notices.once(
    "modification times outside the years 1 to 9999 are changed to the nearest time in this range",
    pathname,
  );
  return time < MIN ? MIN : MAX;
}
