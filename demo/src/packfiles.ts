import { createHash } from "node:crypto";
import type { StorageClient } from "@kloset/host";
import { Mac } from "@kloset/model";

/** Content is gathered into packfiles of about this size, as Plakar gathers it. */
export const PACKFILE_BYTES = 8 * 1024 * 1024;

/** Content is read back in ranges of this size: small files that were stored together come together. */
export const WINDOW_BYTES = 1024 * 1024;

/** Ranges that are kept while others are read: a few more than readers work AT once. */
const MAX_WINDOWS = 8;

/** A part of a packfile. */
export interface Piece {
  readonly pack: Pack;
  readonly offset: number;
  readonly length: number;
}

/** A packfile that is being filled, or was stored. */
export interface Pack {
  readonly length: number;
  /** Its name. Undefined until it is stored. */
  readonly mac: Mac | undefined;
}

interface OpenPack extends Pack {
  chunks: Uint8Array[];
  length: number;
  mac: Mac | undefined;
}

/** Gathers content of any number of readers into packfiles, and stores them. */
export class PackfileWriter {
  readonly #storage: StorageClient;
  #pack = emptyPack();
  #failure: { readonly reason: unknown } | undefined;

  constructor(storage: StorageClient) {
    this.#storage = storage;
  }

  /**
   * Adds to the current packfile. Waits for the storage when one is full, so that
   * no more than one per reader waits.
   *
   * @param chunk - Copied.
   * @throws What the storage answered. All that follows fails then, too: the
   * packfile held content of several readers.
   */
  async append(chunk: Uint8Array): Promise<Piece> {
    this.throwIfFailed();
    const pack = this.#pack;
    const piece = { pack, offset: pack.length, length: chunk.length };
    pack.chunks.push(new Uint8Array(chunk));
    pack.length += chunk.length;
    if (pack.length >= PACKFILE_BYTES) await this.flush();
    return piece;
  }

  /** Stores what has been gathered. */
  async flush(): Promise<void> {
    this.throwIfFailed();
    const pack = this.#pack;
    if (pack.length === 0) return;
    this.#pack = emptyPack();
    try {
      await this.#store(pack);
    } catch (reason) {
      this.#failure ??= { reason };
      throw reason;
    }
  }

  /** @throws What the storage answered when it failed. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  async #store(pack: OpenPack): Promise<void> {
    const mac = macOf(pack.chunks);
    const written = await this.#storage.put("packfile", mac, pack.chunks);
    if (written !== pack.length) {
      throw new Error(`the storage wrote ${written} of ${pack.length} bytes of packfile ${mac.hex}`);
    }
    pack.mac = mac;
    pack.chunks = [];
  }
}

/** Reads parts of packfiles. Neighbours come in one range, of which the last few are kept. */
export class PackfileReader {
  readonly #storage: StorageClient;
  /** By packfile and offset; the one that was used last is the last. */
  readonly #windows = new Map<string, Promise<Uint8Array>>();

  constructor(storage: StorageClient) {
    this.#storage = storage;
  }

  /**
   * @param packLength - Bytes of the whole packfile.
   * @throws Error when the packfile is not there, or gives another number of bytes.
   */
  async *read(
    mac: Mac,
    packLength: number,
    offset: number,
    length: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (offset + length > packLength) {
      throw new RangeError(`bytes up to ${offset + length} of packfile ${mac.hex}, which has ${packLength}`);
    }
    const end = offset + length;
    for (let at = offset; at < end;) {
      const begin = at - (at % WINDOW_BYTES);
      const window = await this.#window(mac, begin, Math.min(WINDOW_BYTES, packLength - begin));
      const piece = window.subarray(at - begin, end - begin);
      yield piece;
      at += piece.length;
    }
  }

  async #window(mac: Mac, offset: number, length: number): Promise<Uint8Array> {
    const key = `${mac.hex}@${offset}`;
    let window = this.#windows.get(key);
    this.#windows.delete(key);
    window ??= this.#fetch(mac, offset, length);
    this.#windows.set(key, window);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > MAX_WINDOWS && oldest !== undefined) this.#windows.delete(oldest);
    try {
      return await window;
    } catch (error) {
      this.#windows.delete(key);
      throw error;
    }
  }

  async #fetch(mac: Mac, offset: number, length: number): Promise<Uint8Array> {
    const window = new Uint8Array(length);
    let came = 0;
    for await (const chunk of this.#storage.get("packfile", mac, { offset, length })) {
      if (came + chunk.length <= length) window.set(chunk, came);
      came += chunk.length;
    }
    if (came !== length) {
      throw new Error(`${came} bytes came back from packfile ${mac.hex} in place of ${length}`);
    }
    return window;
  }
}

/** The name of a resource: SHA-256 of its content. */
export function macOf(chunks: readonly Uint8Array[]): Mac {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return Mac.fromBytes(hash.digest());
}

function emptyPack(): OpenPack {
  return { chunks: [], length: 0, mac: undefined };
}
