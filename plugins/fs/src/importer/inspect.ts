import { lstat, lstatSync, readlink, readlinkSync, type BigIntStats } from "node:fs";
import { promisify } from "node:util";
import { fileInfoFromStats, type Entry, type ErrorEntry } from "@kloset/sdk";
import { hasCode } from "../fs/errors.js";
import type { Notices } from "../fs/notices.js";
import type { Accounts } from "./accounts.js";
import type { AttributeLister } from "./attributes.js";
import { withPathname } from "./directory-access.js";
import { modTimeOf } from "./mod-time.js";
import { decodeName, escapeName, type RawName } from "./names.js";

// The callback API, because `fs.promises` costs half as much again for each call.
const lstatOf = promisify(lstat);
const readlinkOf = promisify(readlink);

/** `lstat(2)`, with times in nanoseconds. */
export function statsOf(path: string): Promise<BigIntStats> {
  return lstatOf(path, { bigint: true });
}

/** Does the same in a call that blocks the event loop. */
export function statsNow(path: string): BigIntStats {
  return lstatSync(path, { bigint: true });
}

/** Makes the entry that reports why something could not be scanned. */
export function errorEntry(pathname: string, error: unknown): ErrorEntry {
  const shown = withPathname(error, pathname);
  return { pathname, error: shown instanceof Error ? shown : messageOf(shown) };
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : String(error);
}

interface AccountNames {
  readonly username: string;
  readonly groupname: string;
}

/** Turns `stat` results into the entries that are sent to the host. */
export class Inspector {
  readonly #accounts: Accounts;
  readonly #attributes: AttributeLister | undefined;
  readonly #notices: Notices;

  /**
   * @param attributes - undefined to leave out extended attributes.
   * @param notices - Receives a notice for values that are changed in the backup.
   */
  constructor(accounts: Accounts, attributes: AttributeLister | undefined, notices: Notices) {
    this.#accounts = accounts;
    this.#attributes = attributes;
    this.#notices = notices;
  }

  /**
   * @param pathname - The absolute pathname to send to the host.
   * @param path - The path to use for system calls.
   * @param stats - Stats of the entry itself, not of a link's target.
   * @param withAttributes - false for a directory above the location.
   * @returns The record, then its extended attributes, then an error if they could
   * not be listed. Only an error if the record itself fails.
   * @throws The error with code `ENOENT` if the entry was removed.
   */
  async entriesOf(pathname: string, path: string, stats: BigIntStats, withAttributes = true): Promise<Entry[]> {
    try {
      const target = stats.isSymbolicLink() ? targetFrom(await readlinkOf(path, "latin1")) : undefined;
      const listed = withAttributes ? this.#attributes?.list(pathname, path) : undefined;
      const entries = await this.#entriesOf(pathname, stats, target, listed?.names ?? []);
      if (listed?.error !== undefined) entries.push(listed.error);
      return entries;
    } catch (error) {
      if (hasCode(error, "ENOENT")) throw error;
      return [errorEntry(pathname, error)];
    }
  }

  /**
   * Does the same in calls that block the event loop.
   *
   * @returns A promise only if `getent` has to look up the name of an account.
   * @throws Error if anything fails: {@link entriesOf} then reports it.
   */
  entriesNow(pathname: string, path: string, stats: BigIntStats): Entry[] | Promise<Entry[]> {
    const target = stats.isSymbolicLink() ? targetFrom(readlinkSync(path, "latin1")) : undefined;
    return this.#entriesOf(pathname, stats, target, this.#attributes?.namesOf(pathname, path) ?? []);
  }

  #entriesOf(
    pathname: string,
    stats: BigIntStats,
    target: string | undefined,
    attributes: readonly string[],
  ): Entry[] | Promise<Entry[]> {
    const username = this.#accounts.userName(Number(stats.uid));
    const groupname = this.#accounts.groupName(Number(stats.gid));
    const entriesWith = (names: AccountNames): Entry[] => {
      const asFound = fileInfoFromStats(stats, names);
      const modTime = modTimeOf(asFound.modTime, pathname, this.#notices);
      const fileInfo = modTime === asFound.modTime ? asFound : { ...asFound, modTime };
      const entries: Entry[] = [{ pathname, fileInfo, target, extendedAttributes: attributes }];
      for (const name of attributes) entries.push({ pathname, attribute: { name, kind: "extended" } });
      return entries;
    };
    if (typeof username === "string" && typeof groupname === "string") return entriesWith({ username, groupname });
    return Promise.all([username, groupname]).then(([user, group]) =>
      entriesWith({ username: user, groupname: group }),
    );
  }
}

/** @throws Error if the target is not UTF-8: the protocol cannot carry it unchanged. */
function targetFrom(raw: RawName): string {
  const target = decodeName(raw);
  if (target === undefined) throw new Error(`target of the symbolic link is not UTF-8: '${escapeName(raw)}'`);
  return target;
}
