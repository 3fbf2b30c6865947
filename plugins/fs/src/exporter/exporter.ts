import { lstat, mkdir, realpath, stat } from "node:fs/promises";
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
import { hasCode, systemError } from "../fs/errors.js";
import { directoryOf } from "../fs/location.js";
import { replaceFile } from "../fs/replace-file.js";
import { temporaryName } from "../fs/temporary-name.js";
import { loadExtendedAttributes, type ExtendedAttributes } from "../xattr/xattr.js";
import { AttributeSetter } from "./attributes.js";
import { splitPathname, throughLink, type Directories, type Directory } from "./directories.js";
import { DirectoryHandles } from "./directory-handles.js";
import { DirectoryPaths } from "./directory-paths.js";
import { makeHardLink, makeSymlink, moveOver } from "./links.js";
import { makeFifo } from "./make-fifo.js";
import { setPermissions } from "./permissions.js";

/** What the owner needs to work in a directory. */
const OWNER_ALL = 0o700;

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
  readonly #loadAttributes: () => ExtendedAttributes | undefined;
  #attributes: AttributeSetter | undefined;

  /**
   * @param root - The restore's root as the user knows it. It exists.
   * @param directories - Those below the root.
   * @param loadAttributes - Called once, when the first extended attribute comes.
   */
  constructor(
    root: string,
    directories: Directories,
    loadAttributes: () => ExtendedAttributes | undefined = loadExtendedAttributes,
  ) {
    this.#root = root;
    this.#directories = directories;
    this.#loadAttributes = loadAttributes;
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
    if (pathname === "/") {
      await this.#allowOwner(pathname);
      return;
    }
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

  async storeFile(pathname: string, data: ByteStream, _size: number, signal: AbortSignal): Promise<void> {
    await this.#place(pathname, async ({ directory, name }) => {
      const target = directory.at(name);
      await replaceFile({ target, temporary: directory.at(temporaryName()), data, signal, sparse: true });
    });
  }

  async setPermissions(pathname: string, fileInfo: FileInfo): Promise<void> {
    await setPermissions(this.#directories, this.#root, cleanPathname(pathname), fileInfo);
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

  /** Makes one directory, or accepts the one that is there. */
  async #makeDirectory(pathname: string): Promise<void> {
    const closed = await this.#place(pathname, async ({ directory, name, path }) => {
      const at = directory.at(name);
      try {
        await mkdir(at, OWNER_ALL);
        return false;
      } catch (error) {
        if (!hasCode(error, "EEXIST")) throw error;
      }
      const stats = await lstat(at);
      if (stats.isSymbolicLink()) throw throughLink(path, path);
      if (!stats.isDirectory()) throw systemError("EEXIST", "exists and is not a directory", path);
      return (stats.mode & OWNER_ALL) !== OWNER_ALL;
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
 * @throws Error when the location is not absolute, or not a directory.
 */
export const createExporter: ExporterFactory = async (context: ConnectorContext) => {
  const root = directoryOf(context);
  await mkdir(root, { recursive: true, mode: OWNER_ALL });
  if (!(await stat(root)).isDirectory()) throw systemError("ENOTDIR", "not a directory", root);
  return new FsExporter(root, (await DirectoryHandles.open(root)) ?? new DirectoryPaths(await realpath(root)));
};
