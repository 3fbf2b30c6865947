import { lstat, readlink, type BigIntStats } from "node:fs";
import { promisify } from "node:util";
import { fileInfoFromStats, type Entry, type ErrorEntry } from "@kloset/sdk";
import type { Notices } from "../fs/notices.js";
import type { ExtendedAttributes } from "../xattr/xattr.js";
import type { Accounts } from "./accounts.js";
import { withPathname } from "./directory-access.js";
import { modTimeOf } from "./mod-time.js";
import { decodeName, escapeName } from "./names.js";

// The callback API: `fs.promises` costs half as much again for each call.
const lstatOf = promisify(lstat);
const readlinkOf = promisify(readlink);

/** `lstat(2)`, with times in nanoseconds. */
export function statsOf(path: string): Promise<BigIntStats> {
  return lstatOf(path, { bigint: true });
}

/** Makes the entry that says why something could not be scanned. */
export function errorEntry(pathname: string, error: unknown): ErrorEntry {
  const shown = withPathname(error, pathname);
  return { pathname, error: shown instanceof Error ? shown : messageOf(shown) };
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : String(error);
}

/** Turns what the system says of an entry into what the host is told. */
export class Inspector {
  readonly #accounts: Accounts;
  readonly #attributes: ExtendedAttributes | undefined;
  readonly #notices: Notices;

  /**
   * @param attributes - undefined for none.
   * @param notices - Are told what is not backed up as it is.
   */
  constructor(accounts: Accounts, attributes: ExtendedAttributes | undefined, notices: Notices) {
    this.#accounts = accounts;
    this.#attributes = attributes;
    this.#notices = notices;
  }

  /**
   * @param pathname - Absolute, as the host will know it.
   * @param path - How the system reaches it.
   * @param stats - Of the entry itself, not of what a link points to.
   * @param withAttributes - false for a directory that is only passed through.
   * @returns The record, then its extended attributes, then what went wrong with
   * them; or only an error.
   */
  async entriesOf(pathname: string, path: string, stats: BigIntStats, withAttributes = true): Promise<Entry[]> {
    try {
      const target = stats.isSymbolicLink() ? await targetOf(path) : undefined;
      const attributes = withAttributes ? this.#listAttributes(pathname, path) : { names: [] };
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
      return [errorEntry(pathname, error)];
    }
  }

  /** An entry whose attributes can not be listed is still worth keeping: the user is told of both. */
  #listAttributes(pathname: string, path: string): { names: string[]; error?: ErrorEntry } {
    if (this.#attributes === undefined) return { names: [] };
    try {
      const names = this.#attributes.list(path);
      return { names: names.length > 1 ? names.sort() : names };
    } catch (error) {
      const message = messageOf(error).replaceAll(path, () => pathname);
      return { names: [], error: { pathname, error: message } };
    }
  }
}

/**
 * @throws Error when the target is not UTF-8: it could not be sent as it is.
 */
async function targetOf(path: string): Promise<string> {
  const raw = await readlinkOf(path, "latin1");
  const target = decodeName(raw);
  if (target === undefined) throw new Error(`target of the symbolic link is not UTF-8: '${escapeName(raw)}'`);
  return target;
}
