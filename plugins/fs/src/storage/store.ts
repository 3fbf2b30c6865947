import { dirname, join } from "node:path";
import {
  defineStorage,
  LocationFlag,
  StoreMode,
  type Awaitable,
  type ByteSource,
  type ByteStream,
  type Mac,
  type ResourceGetContext,
  type ResourceKind,
  type ResourceStore,
} from "@kloset/sdk";
import { closeFile, mkdir, unlink } from "../fs/calls.js";
import { hasCode, withPath } from "../fs/errors.js";
import { directoryOf } from "../fs/location.js";
import { removeLeftovers } from "../fs/remove-leftovers.js";
import { replaceFile } from "../fs/replace-file.js";
import { temporaryName } from "../fs/temporary-name.js";
import { createRepository } from "./create-repository.js";
import { Layout, OWNER_ALL } from "./layout.js";
import { listResources } from "./list-resources.js";
import { OpenFiles } from "./open-files.js";
import { openRegular } from "./open-regular.js";
import { readFully, readResource } from "./read-resource.js";
import { sizeOfTree } from "./size-of-tree.js";
import { DirectorySyncs } from "./sync-directory.js";

/** Maximum size of a configuration: it is sent in one message, of at most 4 MiB. */
const CONFIG_MAX = 4 * 1024 * 1024;

/**
 * Stores a repository in a directory, in the format of Plakar's own `fs` storage
 * (see {@link Layout}). Several processes can use it at the same time: a resource
 * gets its name when it is complete and synced, so no process ever lists or reads a
 * part.
 */
export class FsStore implements ResourceStore {
  readonly #location: string;
  readonly #layout: Layout;
  readonly #packfiles = new OpenFiles();
  readonly #others = new OpenFiles({ max: 0 });
  readonly #syncs = new DirectorySyncs();

  /**
   * @param location - The location as the user wrote it.
   * @param root - Absolute path of the directory. It need not exist before `create`.
   */
  constructor(location: string, root: string) {
    this.#location = location;
    this.#layout = new Layout(root);
  }

  /**
   * @throws Error if the directory contains a repository or anything else, except
   * for the leftovers of a create that was killed.
   */
  async create(config: Uint8Array): Promise<void> {
    if (config.length > CONFIG_MAX) throw tooLarge(config.length);
    await createRepository(this.#layout, config);
  }

  /** @throws Error that names the directory if it contains no repository. */
  async open(): Promise<Uint8Array> {
    const { root, config, workFolders } = this.#layout;
    const { fd, stats } = await openRegular(config).catch((error: unknown) => {
      if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
      throw new Error(`there is no repository in ${root}: its CONFIG file is missing`, { cause: error });
    });
    const { size } = stats;
    let content: Uint8Array;
    try {
      if (size > CONFIG_MAX) throw tooLarge(size);
      content = await readFully(fd, { path: config, offset: 0, length: size, least: size });
    } catch (error) {
      throw withPath(error, config);
    } finally {
      await closeFile(fd);
    }
    for (const folder of workFolders) await removeLeftovers(folder);
    return content;
  }

  location(): string {
    return this.#location;
  }

  mode(): number {
    return StoreMode.READ | StoreMode.WRITE;
  }

  /** @returns The size of all files in bytes, including unfinished ones. */
  async size(): Promise<number> {
    return sizeOfTree(this.#layout.root);
  }

  origin(): string {
    return "localhost";
  }

  type(): string {
    return "fs";
  }

  root(): string {
    return this.#layout.root;
  }

  flags(): number {
    return LocationFlag.LOCALFS;
  }

  /** Leaves out names that are not a MAC, and files in the wrong folder. */
  list(kind: ResourceKind): AsyncGenerator<Mac> {
    return listResources(this.#layout, kind);
  }

  async put(kind: ResourceKind, mac: Mac, data: ByteStream): Promise<number> {
    const { kindFolder, folder, path, workFolder } = this.#layout.placeOf(kind, mac);
    await this.#makeFolder(folder).catch(async (error: unknown) => {
      if (!hasCode(error, "ENOENT") || kindFolder === folder) throw error;
      await this.#makeFolder(kindFolder);
      await this.#makeFolder(folder);
    });
    const written = await replaceFile({ target: path, temporary: join(workFolder, temporaryName()), data, sync: true });
    // The descriptor of a file that was replaced would keep its space in use.
    this.#filesOf(kind).drop(path);
    await this.#syncs.sync(folder);
    return written;
  }

  /**
   * Truncates a range at the end of the resource. A range that starts after the end is empty, without an error.
   *
   * @throws Error that names the kind and MAC if the resource does not exist.
   */
  get(kind: ResourceKind, mac: Mac, context: ResourceGetContext): Awaitable<ByteSource> {
    const failed = (error: unknown): never => {
      throw hasCode(error, "ENOENT") ? notFound(kind, mac, error) : error;
    };
    try {
      const { path } = this.#layout.placeOf(kind, mac);
      const source = readResource(this.#filesOf(kind), path, context.range, context);
      return source instanceof Promise ? source.catch(failed) : source;
    } catch (error) {
      return failed(error);
    }
  }

  /** @throws Error that names the kind and MAC if the resource does not exist. */
  async delete(kind: ResourceKind, mac: Mac): Promise<void> {
    const { path } = this.#layout.placeOf(kind, mac);
    await unlink(path).catch((error: unknown) => {
      throw hasCode(error, "ENOENT") ? notFound(kind, mac, error) : error;
    });
    this.#filesOf(kind).drop(path);
  }

  close(): void {
    this.#packfiles.close();
  }

  /** Only packfiles never change, and only they are read in many parts. */
  #filesOf(kind: ResourceKind): OpenFiles {
    return kind === "packfile" ? this.#packfiles : this.#others;
  }

  /** Makes a missing folder, but not its parents: the root may be the mount point of a disk that is not mounted. */
  async #makeFolder(folder: string): Promise<void> {
    try {
      await mkdir(folder, OWNER_ALL);
    } catch (error) {
      if (hasCode(error, "EEXIST")) return;
      throw error;
    }
    await this.#syncs.sync(dirname(folder));
  }
}

/** The storage for a location like `tsfs:///dir`. The directory need not exist. */
export default defineStorage({ connect: (context) => new FsStore(context.location, directoryOf(context)) });

function notFound(kind: ResourceKind, mac: Mac, cause: unknown): Error {
  return new Error(`${kind} not found: ${mac.hex}`, { cause });
}

function tooLarge(size: number): Error {
  return new Error(`the configuration has ${size} bytes, at most ${CONFIG_MAX} are allowed`);
}
