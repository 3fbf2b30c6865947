import type { ErrorEntry } from "@kloset/sdk";
import { codeOf, hasCode } from "../fs/errors.js";
import type { Notices } from "../fs/notices.js";
import { attributeFilter, type AttributePatterns } from "../xattr/attribute-filter.js";
import type { ExtendedAttributes } from "../xattr/xattr.js";

/** Error codes that mean: this user, or this file system, has no access to the attribute. */
const NO_ACCESS = ["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENODATA"] as const;

/** The names of an entry's attributes, and an error if they cannot be listed. */
export interface ListedAttributes {
  readonly names: readonly string[];
  readonly error?: ErrorEntry;
}

/** Lists the extended attributes that are backed up. */
export class AttributeLister {
  readonly #attributes: ExtendedAttributes;
  readonly #notices: Notices;
  readonly #selects: (name: string) => boolean;

  /** @param notices - Receives a notice for each name that cannot be read. */
  constructor(attributes: ExtendedAttributes, patterns: AttributePatterns, notices: Notices) {
    this.#attributes = attributes;
    this.#notices = notices;
    this.#selects = attributeFilter(patterns);
  }

  /**
   * Lists the attributes of an entry. Leaves out those that this user may not read, because an attribute that is listed
   * and then cannot be opened is an error of its file.
   *
   * @param pathname - For messages.
   * @param path - For system calls.
   */
  list(pathname: string, path: string): ListedAttributes {
    try {
      return { names: this.namesOf(pathname, path) };
    } catch (error) {
      return this.#failed(error, pathname, path);
    }
  }

  /**
   * Lists the same names.
   *
   * @throws Error if the attributes cannot be listed: {@link list} then reports it.
   */
  namesOf(pathname: string, path: string): readonly string[] {
    const names = this.#attributes.list(path);
    if (names.length === 0) return names;
    return names.filter((name) => this.#selects(name) && this.#isReadable(name, pathname, path)).sort();
  }

  #failed(error: unknown, pathname: string, path: string): ListedAttributes {
    // The entry was removed meanwhile.
    if (hasCode(error, "ENOENT")) return { names: [] };
    if (hasCode(error, "EPERM", "EACCES")) {
      this.#notices.once("extended attributes that this user may not list are not backed up", pathname);
      this.#notices.count("entries without their extended attributes");
      return { names: [] };
    }
    const message = (error as { message?: unknown } | null)?.message;
    const text = (typeof message === "string" ? message : String(error)).replaceAll(path, () => pathname);
    return { names: [], error: { pathname, error: text } };
  }

  #isReadable(name: string, pathname: string, path: string): boolean {
    // Readable together with the content of the file.
    if (name.startsWith("user.")) return true;
    try {
      this.#attributes.get(path, name);
      return true;
    } catch (error) {
      // The host opens the attribute, and reports any other error.
      if (!hasCode(error, ...NO_ACCESS)) return true;
      const reason = codeOf(error) ?? "no access";
      this.#notices.once(`the extended attribute ${JSON.stringify(name)} is not backed up: ${reason}`, pathname);
      this.#notices.count("extended attributes not backed up");
      return false;
    }
  }
}
