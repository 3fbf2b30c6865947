import { join } from "node:path";
import type { Mac, ResourceKind } from "@kloset/sdk";

/** Folders are for their owner alone: what is in them may not be encrypted. */
export const OWNER_ALL = 0o700;

/** The folders that packfiles and states are spread over: one for each first byte of a MAC. */
const PREFIXES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The folders of the kinds that are kept. Locks are few: they are not spread. */
const FOLDERS: Readonly<Partial<Record<ResourceKind, { name: string; spread: boolean }>>> = {
  packfile: { name: "packfiles", spread: true },
  state: { name: "states", spread: true },
  lock: { name: "locks", spread: false },
};

/** Where a resource is. */
export interface ResourcePlace {
  /** The folder of its kind. */
  readonly kindFolder: string;
  /** The folder that it is in: of its kind, or one below. */
  readonly folder: string;
  /** The file. */
  readonly path: string;
  /** Where its file is made: no listing looks there. */
  readonly workFolder: string;
}

/**
 * The names in a repository. They are those of Plakar's own `fs` storage, so
 * that each reads what the other wrote:
 *
 * - `CONFIG`
 * - `packfiles/<2 hex digits>/<64 hex digits>`, unfinished ones in `packfiles/`
 * - `states/<2 hex digits>/<64 hex digits>`, unfinished ones in `states/`
 * - `locks/<64 hex digits>`, unfinished ones beside `CONFIG`
 *
 * All hex digits are in lower case, all 256 folders exist from the start:
 * Plakar's storage does not make missing ones.
 */
export class Layout {
  /** Absolute. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get config(): string {
    return join(this.root, "CONFIG");
  }

  /** The folder of each kind. */
  get kindFolders(): string[] {
    return Object.values(FOLDERS).map(({ name }) => join(this.root, name));
  }

  /** The folders in which resources are spread. */
  get spreadFolders(): string[] {
    return Object.values(FOLDERS).flatMap(({ name, spread }) =>
      spread ? PREFIXES.map((prefix) => join(this.root, name, prefix)) : [],
    );
  }

  /** The folders where unfinished files are. */
  get workFolders(): string[] {
    return [
      this.root,
      ...Object.values(FOLDERS).flatMap(({ name, spread }) => (spread ? [join(this.root, name)] : [])),
    ];
  }

  /** @throws Error for a kind that this storage does not keep. */
  placeOf(kind: ResourceKind, mac: Mac): ResourcePlace {
    const { name, spread } = folderOf(kind);
    const kindFolder = join(this.root, name);
    const folder = spread ? join(kindFolder, mac.hex.slice(0, 2)) : kindFolder;
    return { kindFolder, folder, path: join(folder, mac.hex), workFolder: spread ? kindFolder : this.root };
  }

  /**
   * @returns The folders that hold resources of a kind, each with what the names in it begin with.
   * @throws Error for a kind that this storage does not keep.
   */
  foldersOf(kind: ResourceKind): { kindFolder: string; folders: { path: string; prefix: string }[] } {
    const { name, spread } = folderOf(kind);
    const kindFolder = join(this.root, name);
    if (!spread) return { kindFolder, folders: [{ path: kindFolder, prefix: "" }] };
    return { kindFolder, folders: PREFIXES.map((prefix) => ({ path: join(kindFolder, prefix), prefix })) };
  }
}

function folderOf(kind: ResourceKind): { name: string; spread: boolean } {
  const folder = FOLDERS[kind];
  if (folder === undefined) throw new Error(`this storage does not keep resources of the kind ${JSON.stringify(kind)}`);
  return folder;
}
