import { lstat, readlink, type BigIntStats } from "node:fs";
import { promisify } from "node:util";
import { fileInfoFromStats, type Entry, type ErrorEntry } from "@kloset/sdk";
import { hasCode } from "../fs/errors.js";
import type { Notices } from "../fs/notices.js";
import type { Accounts } from "./accounts.js";
import type { AttributeLister, ListedAttributes } from "./attributes.js";
import { withPathname } from "./directory-access.js";
import { modTimeOf } from "./mod-time.js";
import { decodeName, escapeName } from "./names.js";

// The callback API, because `fs.promises` costs half as much again for each call.
const lstatOf = promisify(lstat);
const readlinkOf = promisify(readlink);

/** `lstat(2)`, with times in nanoseconds. */
export function statsOf(path: string): Promise<BigIntStats> {
  return lstatOf(path, { bigint: true });
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

const NO_ATTRIBUTES: ListedAttributes = { names: [] };

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
      const target = stats.isSymbolicLink() ? await targetOf(path) : undefined;
      const attributes = withAttributes ? this.#listAttributes(pathname, path) : NO_ATTRIBUTES;
      const username = this.#accounts.userName(Number(stats.uid));
      const groupname = this.#accounts.groupName(Number(stats.gid));
      const asFound = fileInfoFromStats(stats, {
        username: typeof username === "string" ? username : await username,
        groupname: typeof groupname === "string" ? groupname : await groupname,
      });
      const modTime = modTimeOf(asFound.modTime, pathname, this.#notices);
      const fileInfo = modTime === asFound.modTime ? asFound : { ...asFound, modTime };
      const entries: Entry[] = [{ pathname, fileInfo, target, extendedAttributes: attributes.names }];
      for (const name of attributes.names) entries.push({ pathname, attribute: { name, kind: "extended" } });
      if (attributes.error !== undefined) entries.push(attributes.error);
      return entries;
    } catch (error) {
      if (hasCode(error, "ENOENT")) throw error;
      return [errorEntry(pathname, error)];
    }
  }

  #listAttributes(pathname: string, path: string): ListedAttributes {
    return this.#attributes?.list(pathname, path) ?? NO_ATTRIBUTES;
  }
}

/** @throws Error if the target is not UTF-8: the protocol cannot carry it unchanged. */
async function targetOf(path: string): Promise<string> {
  const raw = await readlinkOf(path, "latin1");
  const target = decodeName(raw);
  if (target === undefined) throw new Error(`target of the symbolic link is not UTF-8: '${escapeName(raw)}'`);
  return target;
}
