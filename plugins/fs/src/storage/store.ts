import { mkdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  LocationFlag,
  StoreMode,
  type ByteSource,
  type ByteStream,
  type Mac,
  type Range,
  type ResourceKind,
  type ResourceStore,
  type StoreFactory,
} from "@kloset/sdk";
import { hasCode, withPath } from "../fs/errors.js";
import { directoryOf } from "../fs/location.js";
import { removeLeftovers } from "../fs/remove-leftovers.js";
import { replaceFile } from "../fs/replace-file.js";
import { temporaryName } from "../fs/temporary-name.js";
import { createRepository } from "./create-repository.js";
import { Layout, OWNER_ALL } from "./layout.js";
import { listResources } from "./list-resources.js";
import { openRegular } from "./open-regular.js";
import { readResource } from "./read-resource.js";
import { sizeOfTree } from "./size-of-tree.js";
import { syncDirectory } from "./sync-directory.js";

/** A configuration travels in one message, which has 4 MiB at most. */
const CONFIG_MAX = 4 * 1024 * 1024;

/**
 * Keeps repositories in a directory, in the form of Plakar's own `fs` storage
 * (see {@link Layout}). Several processes may work on one at the same time: a
 * resource gets its name when it is whole and on the disk, so that nobody ever
 * lists or reads a part.
 */
export class FsStore implements ResourceStore {
  readonly #location: string;
  readonly #layout: Layout;

  /**
   * @param location - As the user wrote it.
   * @param root - The directory, absolute. It need not exist before `create`.
   */
  constructor(location: string, root: string) {
    this.#location = location;
    this.#layout = new Layout(root);
  }

  /**
   * @throws Error when there is a repository already, or anything else: the
   * directory must be missing or empty, but for what a create that was killed has left.
   */
  async create(config: Uint8Array): Promise<void> {
    if (config.length > CONFIG_MAX) throw tooLarge(config.length);
    await createRepository(this.#layout, config);
  }

  /** @throws Error that names the directory when there is no repository in it. */
  async open(): Promise<Uint8Array> {
    const { root, config, workFolders } = this.#layout;
    const { handle, size } = await openRegular(config).catch((error: unknown) => {
      if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
      throw new Error(`there is no repository in ${root}: it has no file CONFIG`, { cause: error });
    });
    let content: Uint8Array;
    try {
      if (size > CONFIG_MAX) throw tooLarge(size);
      content = await handle.readFile();
    } catch (error) {
      throw withPath(error, config);
    } finally {
      await handle.close();
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

  /** @returns The bytes of all files, those that are being written too. */
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

  /** Names that are no MAC, and those in a folder that is not theirs, are not listed. */
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
    await syncDirectory(folder);
    return written;
  }

  /**
   * @param range - Cut where the resource ends; behind its end there is nothing, which is no error.
   * @throws Error that names kind and MAC when there is no such resource.
   */
  async get(kind: ResourceKind, mac: Mac, range: Range | undefined, signal: AbortSignal): Promise<ByteSource> {
    const { path } = this.#layout.placeOf(kind, mac);
    return readResource(path, range, signal).catch((error: unknown) => {
      throw hasCode(error, "ENOENT") ? notFound(kind, mac, error) : error;
    });
  }

  /** @throws Error that names kind and MAC when there is no such resource. */
  async delete(kind: ResourceKind, mac: Mac): Promise<void> {
    const { path } = this.#layout.placeOf(kind, mac);
    await unlink(path).catch((error: unknown) => {
      throw hasCode(error, "ENOENT") ? notFound(kind, mac, error) : error;
    });
  }

  close(): void {
    // No file stays open between two calls.
  }

  /** Makes a folder that should be there. Not its parents: the root may be a disk that is not mounted. */
  async #makeFolder(folder: string): Promise<void> {
    try {
      await mkdir(folder, { mode: OWNER_ALL });
    } catch (error) {
      if (hasCode(error, "EEXIST")) return;
      throw error;
    }
    await syncDirectory(dirname(folder));
  }
}

/**
 * Makes the storage for a location like `tsfs:///dir`. The directory need not
 * exist.
 *
 * @throws Error when the location is not absolute.
 */
export const createStore: StoreFactory = (context) => new FsStore(context.location, directoryOf(context));

function notFound(kind: ResourceKind, mac: Mac, cause: unknown): Error {
  return new Error(`${kind} not found: ${mac.hex}`, { cause });
}

function tooLarge(size: number): Error {
  return new Error(`the configuration has ${size} bytes, more than ${CONFIG_MAX}`);
}
