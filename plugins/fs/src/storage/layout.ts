import { join, sep } from "node:path";
import type { Mac, ResourceKind } from "@kloset/sdk";

/** Mode of folders: accessible to the owner only, because the content may not be encrypted. */
export const OWNER_ALL = 0o700;

/** Names of the folders for packfiles and states: one for each first byte of a MAC. */
const PREFIXES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Folders of the supported kinds. Locks are few, so they are not spread over subfolders. */
const FOLDERS: Readonly<Partial<Record<ResourceKind, { name: string; spread: boolean }>>> = {
  packfile: { name: "packfiles", spread: true },
  state: { name: "states", spread: true },
  lock: { name: "locks", spread: false },
};

/** The paths of a resource. */
export interface ResourcePlace {
  /** The folder of its kind. */
  readonly kindFolder: string;
  /** The folder that contains the file: the folder of the kind, or a subfolder. */
  readonly folder: string;
  /** The file. */
  readonly path: string;
  /** The folder for the unfinished file, which no listing reads. */
  readonly workFolder: string;
}

/**
 * The paths in a repository. They are those of Plakar's own `fs` storage, so that
 * each can read what the other wrote:
 *
 * - `CONFIG`
 * - `packfiles/<2 hex digits>/<64 hex digits>`, unfinished ones in `packfiles/`
 * - `states/<2 hex digits>/<64 hex digits>`, unfinished ones in `states/`
 * - `locks/<64 hex digits>`, unfinished ones beside `CONFIG`
 *
 * Hex digits are in lower case. All 256 folders exist from the start, because
 * Plakar's storage does not create missing ones.
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

  /** The subfolders that resources are spread over. */
  get spreadFolders(): string[] {
    return Object.values(FOLDERS).flatMap(({ name, spread }) =>
      spread ? PREFIXES.map((prefix) => join(this.root, name, prefix)) : [],
    );
  }

  /** The folders that contain unfinished files. */
  get workFolders(): string[] {
    return [
      this.root,
      ...Object.values(FOLDERS).flatMap(({ name, spread }) => (spread ? [join(this.root, name)] : [])),
    ];
  }

  /** @throws Error for an unsupported kind. */
  placeOf(kind: ResourceKind, mac: Mac): ResourcePlace {
    const { name, spread } = folderOf(kind);
    const kindFolder = join(this.root, name);
    // Concatenated, because `join` costs as much as reading a small range.
    const folder = spread ? kindFolder + sep + mac.hex.slice(0, 2) : kindFolder;
    return { kindFolder, folder, path: folder + sep + mac.hex, workFolder: spread ? kindFolder : this.root };
  }

  /**
   * @returns The folders that contain resources of a kind, each with the prefix of their names.
   * @throws Error for an unsupported kind.
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
  if (folder === undefined)
    throw new Error(`this storage does not support resources of the kind ${JSON.stringify(kind)}`);
  return folder;
}
