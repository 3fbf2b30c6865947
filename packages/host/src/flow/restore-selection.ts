import { fileTypeOf, type ExtendedAttributeEntry, type RecordEntry } from "@kloset/model";
import { goDir } from "../go-path.js";
import type { HostProfile } from "../hosts.js";
import { nameProblem } from "./entry-names.js";
import type { RestoreEntry } from "./restore-types.js";

/** An entry of a snapshot, placed below the exporter's root. `skipped` counts, `outside` does not. */
export type Placed =
  | { readonly send: RecordEntry | ExtendedAttributeEntry }
  | { readonly drop: "skipped" | "outside" }
  | { readonly invalid: string };

/** Selects the entries of a snapshot that a v1.1 host sends, and strips the restored directory from their pathnames. */
export class RestoreSelection {
  readonly #profile: HostProfile;
  readonly #subtree: string;
  readonly #wantsAttributes: boolean;
  readonly #symlinks = new Set<string>();
  /** True from the first entry of the restored directory on. */
  #started = false;

  /** @param wantsAttributes - Whether the exporter's flags ask for extended attributes. */
  constructor(profile: HostProfile, subtree: string, wantsAttributes: boolean) {
    this.#profile = profile;
    this.#subtree = subtree;
    this.#wantsAttributes = wantsAttributes && profile.sendsAttributes !== "no";
  }

  place(entry: RestoreEntry): Placed {
    const { checksNames, sendsAttributes } = this.#profile;
    const placed = this.#stripped(entry.pathname);
    this.#started ||= placed !== undefined;
    if (checksNames) {
      const invalid = nameProblem(entry.pathname, entry.fileInfo);
      if (invalid !== undefined) return { invalid };
    }
    if (entry.attribute !== undefined) {
      if (!this.#wantsAttributes) return { drop: "skipped" };
      // The scan for attributes starts at the restored directory, and does not stop after it.
      if (sendsAttributes === "as-imported") return this.#started ? { send: entry } : { drop: "outside" };
    }
    if (placed === undefined) return { drop: "outside" };
    if (checksNames && this.#isBelowSymlink(entry)) return { drop: "skipped" };
    return { send: placed === entry.pathname ? entry : { ...entry, pathname: placed } };
  }

  #isBelowSymlink(entry: RestoreEntry): boolean {
    const { pathname, fileInfo } = entry;
    if (fileInfo !== undefined && fileTypeOf(fileInfo.mode) === "symlink") this.#symlinks.add(pathname);
    if (this.#symlinks.size === 0) return false;
    for (let parent = goDir(pathname); parent !== "/"; parent = goDir(parent)) {
      if (this.#symlinks.has(parent)) return true;
    }
    return false;
  }

  /** @returns undefined for a pathname outside the restored directory. */
  #stripped(pathname: string): string | undefined {
    if (this.#subtree === "/") return pathname;
    if (pathname === this.#subtree) return "/";
    return pathname.startsWith(`${this.#subtree}/`) ? pathname.slice(this.#subtree.length) : undefined;
  }
}
