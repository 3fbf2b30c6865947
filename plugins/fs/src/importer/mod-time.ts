import type { Notices } from "../fs/notices.js";

const NANOSECONDS = 1_000_000_000n;
/** What a record can hold: the years 1 to 9999. File systems can hold others, most of them by mistake. */
const MIN = -62_135_596_800n * NANOSECONDS;
const MAX = 253_402_300_800n * NANOSECONDS - 1n;

/**
 * @param time - In nanoseconds since 1970, of the last change.
 * @param pathname - Of the entry, for the notice.
 * @returns The time, or the nearest that can be backed up: the entry would be an
 * error otherwise, and its content lost for its time.
 */
export function modTimeOf(time: bigint, pathname: string, notices: Notices): bigint {
  if (time >= MIN && time <= MAX) return time;
  notices.once("times outside of the years 1 to 9999 are backed up as the nearest within", pathname);
  return time < MIN ? MIN : MAX;
}
