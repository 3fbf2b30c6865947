import { lstat, mkdir, realpath } from "node:fs/promises";
import {
  cleanPathname,
  defineExporter,
  fileTypeOf,
  LocationFlag,
  resolveBelow,
  type ByteStream,
  type CallContext,
  type Exporter,
  type ExtendedAttributeKind,
  type FileInfo,
  type LinkKind,
} from "@kloset/sdk";
import { option } from "@kloset/sdk/config";
import { hasCode, systemError } from "../fs/errors.js";
import { directoryOf } from "../fs/location.js";
import { makePath } from "../fs/make-path.js";
import { Notices } from "../fs/notices.js";
import { splitPathname } from "../fs/pathname.js";
import { removeLeftovers } from "../fs/remove-leftovers.js";
import { replaceFile } from "../fs/replace-file.js";
import { temporaryName } from "../fs/temporary-name.js";
import { loadExtendedAttributes, type ExtendedAttributes } from "../xattr/xattr.js";
import { AttributeSetter } from "./attributes.js";
import { throughLink, type Directories, type Directory } from "./directories.js";
import { DirectoryHandles } from "./directory-handles.js";
import { DirectoryPaths } from "./directory-paths.js";
import { makeHardLink, makeSymlink, moveOver } from "./links.js";
import { makeFifo } from "./make-fifo.js";
import { setPermissions } from "./permissions.js";

/** The permissions that the owner needs to work in a directory. */
const OWNER_ALL = 0o700;

/** Maximum number of directories that are remembered as clean. The set is cleared when it is full. */
const CLEAN_MAX = 4096;

/** Options of the user, and dependencies that tests replace. */
export interface FsExporterOptions {
  /**
   * Writes holes in place of blocks of zeros. Default: false, because a snapshot
   * does not record where its source had holes. A later write into a hole needs
   * space that may no longer be free, and a swap file must not have holes.
   */
  readonly sparse?: boolean;
  /** Called once, before the first extended attribute is set. */
  readonly loadAttributes?: () => ExtendedAttributes | undefined;
  /** Receives notices for the user. */
  readonly notices?: Notices;
}

/** An entry and its parent directory. */
interface Place {
  readonly directory: Directory;
  readonly name: string;
  /** The path that the user knows, for messages. */
  readonly path: string;
}

/**
 * Restores to a directory of a POSIX file system. Never touches anything outside
 * of it, whatever the snapshot contains: see {@link Directories}.
 */
export class FsExporter implements Exporter {
  readonly #root: string;
  readonly #directories: Directories;
  readonly #sparse: boolean;
  readonly #loadAttributes: () => ExtendedAttributes | undefined;
  readonly #notices: Notices;
  #attributes: AttributeSetter | undefined;
  /** Directories that contain no leftovers of killed processes. */
  readonly #clean = new Set<string>();

  /**
   * @param root - Path of the restore's root as the user wrote it. Must exist.
   * @param directories - The directories below the root.
   */
  constructor(root: string, directories: Directories, options: FsExporterOptions = {}) {
    this.#root = root;
    this.#directories = directories;
    this.#sparse = options.sparse ?? false;
    this.#loadAttributes = options.loadAttributes ?? loadExtendedAttributes;
    this.#notices = options.notices ?? new Notices("tsfs");
  }

  root(): string {
    return this.#root;
  }

  type(): string {
    return "fs";
  }

  flags(): number {
    return LocationFlag.LOCALFS;
  }

  /**
   * Makes a directory and its parents, accessible to the owner only: the final
   * permissions are set later. Keeps an existing directory, and gives its owner the
   * permission to work in it if that is missing.
   */
  async createDirectory(name: string): Promise<void> {
    const pathname = cleanPathname(name);
    if (pathname === "/") await this.#allowOwner(pathname);
    else await this.#makeDirectories(pathname);
    await this.#cleanUp(pathname);
  }

  async storeFile(pathname: string, data: ByteStream, _size: number, { signal }: CallContext): Promise<void> {
    await this.#place(pathname, async ({ directory, name }) => {
      const target = directory.at(name);
      await replaceFile({ target, temporary: directory.at(temporaryName()), data, signal, sparse: this.#sparse });
    });
  }

  async setPermissions(pathname: string, fileInfo: FileInfo): Promise<void> {
    await setPermissions(this.#directories, this.#root, cleanPathname(pathname), fileInfo, this.#notices);
  }

  async createLink(oldname: string, newname: string, kind: LinkKind): Promise<void> {
    await this.#place(newname, async ({ directory, name, path }) => {
      if (kind === "symbolic") {
        await makeSymlink(oldname, directory, name, path);
        return;
      }
      await this.#place(oldname, (existing) => makeHardLink(existing, directory, name, path));
    });
  }

  async createSpecial(pathname: string, fileInfo: FileInfo): Promise<void> {
    await this.#place(pathname, async ({ directory, name, path }) => {
      const type = fileTypeOf(fileInfo.mode);
      // A snapshot does not contain device numbers, and a socket is useless without its process.
      if (type !== "fifo") throw systemError("ENOTSUP", `a ${type.replace("-", " ")} cannot be restored`, path);
      const temporary = temporaryName();
      await makeFifo(directory, temporary, path);
      await moveOver(directory, temporary, name, path);
    });
  }

  async setExtendedAttribute(
    pathname: string,
    attribute: string,
    kind: ExtendedAttributeKind,
    value: Uint8Array,
  ): Promise<void> {
    const entry = cleanPathname(pathname);
    const path = resolveBelow(this.#root, entry);
    if (kind !== "extended") {
      throw systemError(
        "ENOTSUP",
        `alternate data stream ${JSON.stringify(attribute)} cannot be restored on this system`,
        path,
      );
    }
    const setter = this.#attributeSetter();
    if (setter === undefined) {
      const text = `extended attribute ${JSON.stringify(attribute)} cannot be restored: the native library cannot be loaded`;
      throw systemError("ENOTSUP", text, path);
    }
    if (entry === "/") {
      // With ".", the last component is not a link, which the call would not follow.
      await this.#directories.within("/", (directory) => setter.set(directory, ".", entry, attribute, value));
      return;
    }
    await this.#place(entry, (place) => setter.set(place.directory, place.name, entry, attribute, value));
  }

  async close(): Promise<void> {
    await this.#directories.close();
  }

  #attributeSetter(): AttributeSetter | undefined {
    if (this.#attributes === undefined) {
      const library = this.#loadAttributes();
      if (library !== undefined) this.#attributes = new AttributeSetter(this.#directories, library);
    }
    return this.#attributes;
  }

  async #place<T>(entry: string, work: (place: Place) => Promise<T>): Promise<T> {
    const pathname = cleanPathname(entry);
    const path = resolveBelow(this.#root, pathname);
    if (pathname === "/") throw systemError("EISDIR", "the root of the restore is a directory", path);
    const { parent, name } = splitPathname(pathname);
    return this.#directories.within(parent, (directory) => work({ directory, name, path }));
  }

  async #makeDirectories(pathname: string): Promise<void> {
    try {
      await this.#makeDirectory(pathname);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      // A parent is missing, possibly because another process has removed it.
      await this.#directories.forget();
      for (let slash = pathname.indexOf("/", 1); slash !== -1; slash = pathname.indexOf("/", slash + 1)) {
        await this.#makeDirectory(pathname.slice(0, slash));
      }
      await this.#makeDirectory(pathname);
    }
  }

  /** Removes the unfinished files of restores that were killed, once for each directory. */
  async #cleanUp(pathname: string): Promise<void> {
    if (this.#clean.has(pathname)) return;
    if (this.#clean.size >= CLEAN_MAX) this.#clean.clear();
    this.#clean.add(pathname);
    await this.#directories.within(pathname, (directory) => removeLeftovers(directory.at("."))).catch(() => undefined);
  }

  /** Makes one directory, or accepts an existing one. */
  async #makeDirectory(pathname: string): Promise<void> {
    const closed = await this.#place(pathname, async ({ directory, name, path }) => {
      const at = directory.at(name);
      try {
        await mkdir(at, OWNER_ALL);
        // A new directory contains no leftovers.
        if (this.#clean.size < CLEAN_MAX) this.#clean.add(pathname);
        await this.#directories.renewed(pathname);
        return false;
      } catch (error) {
        if (!hasCode(error, "EEXIST")) throw error;
      }
      const stats = await lstat(at, { bigint: true });
      if (stats.isSymbolicLink()) throw throughLink(path, path);
      if (!stats.isDirectory()) throw systemError("EEXIST", "exists and is not a directory", path);
      await this.#directories.found(pathname, stats);
      return (Number(stats.mode & 0o7777n) & OWNER_ALL) !== OWNER_ALL;
    });
    if (closed) await this.#allowOwner(pathname);
  }

  async #allowOwner(pathname: string): Promise<void> {
    await this.#directories.inode(pathname, async (inode) => {
      const mode = Number(inode.stats.mode & 0o7777n);
      if (!inode.stats.isDirectory() || (mode & OWNER_ALL) === OWNER_ALL) return;
      // Another user's directory may still be writable. If it is not, the entries below it fail by name.
      await inode.chmod(mode | OWNER_ALL).catch(() => undefined);
    });
  }
}

/**
 * The exporter for a location like `tsfs:///dir`. Creates the directory if it is
 * missing. It may be a symbolic link, or be below one.
 */
export default defineExporter({
  config: {
    sparse: option.boolean({ default: false, description: "Write holes in place of 32 KiB of zeros or more." }),
  },
  async connect({ config: { sparse }, location, protocol }) {
    const root = directoryOf({ location, protocol });
    await makePath(root, OWNER_ALL);
    const directories = (await DirectoryHandles.open(root)) ?? new DirectoryPaths(await realpath(root));
    return new FsExporter(root, directories, { sparse, notices: new Notices(protocol) });
  },
});
