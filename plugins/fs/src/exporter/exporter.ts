import { lstat, mkdir, realpath } from "node:fs/promises";
import {
  cleanPathname,
  fileTypeOf,
  LocationFlag,
  resolveBelow,
  type ByteStream,
  type ConnectorContext,
  type Exporter,
  type ExporterFactory,
  type ExtendedAttributeKind,
  type FileInfo,
  type LinkKind,
} from "@kloset/sdk";
import { booleanOption } from "../fs/boolean-option.js";
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

/** What the owner needs to work in a directory. */
const OWNER_ALL = 0o700;

/** Directories that are remembered as tidy. More are looked AT again. */
const TIDY_MAX = 4096;

/** What the user may choose, and what tests may replace. */
export interface FsExporterOptions {
  /**
   * Leave out blocks of zeros. Default false: a snapshot does not say where its
   * source had holes, and a hole where it had none takes its room later, when
   * somebody writes to it and there may be none left (and is no swap file).
   */
  readonly sparse?: boolean;
  /** Called once, when the first extended attribute comes. */
  readonly loadAttributes?: () => ExtendedAttributes | undefined;
  /** Are told what the user should know. */
  readonly notices?: Notices;
}

/** An entry and the directory that it is in. */
interface Place {
  readonly directory: Directory;
  readonly name: string;
  /** What the user calls it. */
  readonly path: string;
}

/**
 * Restores to a directory of a POSIX file system. Nothing outside of it is
 * touched, whatever a snapshot holds: see {@link Directories}.
 */
export class FsExporter implements Exporter {
  readonly #root: string;
  readonly #directories: Directories;
  readonly #sparse: boolean;
  readonly #loadAttributes: () => ExtendedAttributes | undefined;
  readonly #notices: Notices;
  #attributes: AttributeSetter | undefined;
  /** Directories in which no dead process has left anything. */
  readonly #tidy = new Set<string>();

  /**
   * @param root - The restore's root as the user knows it. It exists.
   * @param directories - Those below the root.
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
   * Makes a directory that only its owner may enter (its permissions come later),
   * and its parents. One that exists is kept; its owner gets the permission to
   * work in it, if that is missing.
   */
  async createDirectory(name: string): Promise<void> {
    const pathname = cleanPathname(name);
    if (pathname === "/") await this.#allowOwner(pathname);
    else await this.#makeDirectories(pathname);
    await this.#tidyUp(pathname);
  }

  async storeFile(pathname: string, data: ByteStream, _size: number, signal: AbortSignal): Promise<void> {
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
      // A device's number is not part of a snapshot, and a socket is its process'.
      if (type !== "fifo") throw systemError("ENOTSUP", `a ${type.replace("-", " ")} can not be restored`, path);
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
      throw systemError("ENOTSUP", `alternate data stream ${JSON.stringify(attribute)} can not be restored here`, path);
    }
    const setter = this.#attributeSetter();
    if (setter === undefined) {
      const text = `extended attribute ${JSON.stringify(attribute)} can not be restored: the library for them is missing`;
      throw systemError("ENOTSUP", text, path);
    }
    if (entry === "/") {
      // "." so that the last component is no link, which the call would not follow.
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
      // A parent is missing, or something else has removed one.
      await this.#directories.forget();
      for (let slash = pathname.indexOf("/", 1); slash !== -1; slash = pathname.indexOf("/", slash + 1)) {
        await this.#makeDirectory(pathname.slice(0, slash));
      }
      await this.#makeDirectory(pathname);
    }
  }

  /** A restore that was killed has left its unfinished files: once for each directory. */
  async #tidyUp(pathname: string): Promise<void> {
    if (this.#tidy.has(pathname)) return;
    if (this.#tidy.size >= TIDY_MAX) this.#tidy.clear();
    this.#tidy.add(pathname);
    await this.#directories.within(pathname, (directory) => removeLeftovers(directory.at("."))).catch(() => undefined);
  }

  /** Makes one directory, or accepts the one that is there. */
  async #makeDirectory(pathname: string): Promise<void> {
    const closed = await this.#place(pathname, async ({ directory, name, path }) => {
      const at = directory.at(name);
      try {
        await mkdir(at, OWNER_ALL);
        // Nothing can be left in it.
        if (this.#tidy.size < TIDY_MAX) this.#tidy.add(pathname);
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
      // Somebody else's directory may well be writable: what does not work fails later, by name.
      await inode.chmod(mode | OWNER_ALL).catch(() => undefined);
    });
  }
}

/**
 * Makes the exporter for a location like `tsfs:///dir`. The directory is made if
 * it is missing; it may be, or be below, a symbolic link.
 *
 * Option: `sparse=true` leaves out blocks of zeros.
 *
 * @throws Error when the location is not absolute, or not a directory, or the
 * option is not what it should be.
 */
export const createExporter: ExporterFactory = async (context: ConnectorContext) => {
  const root = directoryOf(context);
  const sparse = booleanOption(context.config, "sparse");
  await makePath(root, OWNER_ALL);
  const directories = (await DirectoryHandles.open(root)) ?? new DirectoryPaths(await realpath(root));
  return new FsExporter(root, directories, { sparse, notices: new Notices(context.protocol) });
};
