import { createHash } from "node:crypto";
import type { StorageClient } from "@kloset/host";
import { Mac } from "@kloset/model";

/** Approximate size of packfiles, as in Plakar. */
export const PACKFILE_BYTES = 8 * 1024 * 1024;

/** Size of the ranges that are read, so that small files that were stored together are read together. */
export const WINDOW_BYTES = 1024 * 1024;

/** Number of cached ranges: a few more than there are concurrent readers. */
const MAX_WINDOWS = 8;

/** A part of a packfile. */
export interface Piece {
  readonly pack: Pack;
  readonly offset: number;
  readonly length: number;
}

/** A packfile that is being filled or was stored. */
export interface Pack {
  readonly length: number;
  /** Its name. undefined until it is stored. */
  readonly mac: Mac | undefined;
}

interface OpenPack extends Pack {
  chunks: Uint8Array[];
  length: number;
  mac: Mac | undefined;
}

/** Collects content of any number of readers in packfiles, and stores them. */
export class PackfileWriter {
  readonly #storage: StorageClient;
  #pack = emptyPack();
  #failure: { readonly reason: unknown } | undefined;

  constructor(storage: StorageClient) {
    this.#storage = storage;
  }

  /**
   * Adds a chunk to the current packfile. Waits for the storage when the packfile is
   * full, so that at most one packfile per reader is pending.
   *
   * @param chunk - Copied.
   * @throws The error of the storage. All later calls fail with it, too, because the
   * packfile had content of several readers.
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

  /** Stores the current packfile. */
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

  /** @throws The error of the storage, if it has failed. */
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

/** Reads parts of packfiles in larger ranges, and caches the last few ranges. */
export class PackfileReader {
  readonly #storage: StorageClient;
  /** By packfile and offset, least recently used first. */
  readonly #windows = new Map<string, Promise<Uint8Array>>();

  constructor(storage: StorageClient) {
    this.#storage = storage;
  }

  /**
   * @param packLength - Size of the whole packfile in bytes.
   * @throws Error if the packfile does not exist or returns a different number of bytes.
   */
  async *read(
    mac: Mac,
    packLength: number,
    offset: number,
    length: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (offset + length > packLength) {
      throw new RangeError(
        `a range of packfile ${mac.hex} ends at byte ${offset + length}, but it has only ${packLength}`,
      );
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
    let received = 0;
    for await (const chunk of this.#storage.get("packfile", mac, { offset, length })) {
      if (received + chunk.length <= length) window.set(chunk, received);
      received += chunk.length;
    }
    if (received !== length) {
      throw new Error(`read ${received} bytes of packfile ${mac.hex}, expected ${length}`);
    }
    return window;
  }
}

/** Returns the name of a resource: the SHA-256 of its content. */
export function macOf(chunks: readonly Uint8Array[]): Mac {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return Mac.fromBytes(hash.digest());
}

function emptyPack(): OpenPack {
  return { chunks: [], length: 0, mac: undefined };
}
