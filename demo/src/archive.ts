import { createHash } from "node:crypto";
import type { BackupSink, RestoreEntry, ScannedRecord, StorageClient } from "@kloset/host";
import { Mac, type ByteStream, type ExtendedAttributeName, type FileInfo } from "@kloset/model";

/** Content is gathered into packfiles of about this size, as Plakar gathers it. */
const PACKFILE_BYTES = 8 * 1024 * 1024;

/** A part of a packfile. */
interface Piece {
  readonly pack: Pack;
  readonly offset: number;
  readonly length: number;
}

/** A packfile that is being filled, or was stored. */
interface Pack {
  chunks: Uint8Array[];
  length: number;
  /** Known when it is full. */
  mac: Mac | undefined;
}

interface Archived {
  readonly record: ScannedRecord;
  readonly pieces: readonly Piece[];
}

/**
 * Keeps what a backup reads in a storage: content in packfiles, and the list of
 * entries, as JSON, in a state. It is a repository as simple as one can be: no
 * encryption, no deduplication, not Plakar's format.
 */
export class ArchiveWriter implements BackupSink {
  /** What could not be backed up. */
  readonly errors: string[] = [];
  readonly #storage: StorageClient;
  readonly #onEntry: (count: number) => void;
  readonly #archived: Archived[] = [];
  #pack = emptyPack();

  constructor(storage: StorageClient, onEntry: (count: number) => void) {
    this.#storage = storage;
    this.#onEntry = onEntry;
  }

  async record(record: ScannedRecord, content: ByteStream | undefined): Promise<void> {
    const pieces: Piece[] = [];
    for await (const chunk of content ?? []) pieces.push(await this.#append(chunk));
    this.#archived.push({ record, pieces });
    this.#onEntry(this.#archived.length);
  }

  error(record: ScannedRecord, error: Error): void {
    this.errors.push(`${record.pathname}: ${error.message}`);
  }

  /** Stores what is left, and the list of entries. */
  async finish(): Promise<void> {
    await this.#store(this.#pack);
    const index = Buffer.from(JSON.stringify(this.#archived.map(toJson)));
    await this.#storage.put("state", macOf([index]), index);
  }

  /** Adds to the current packfile; waits for the storage when one is full, so that no more than one per reader wait. */
  async #append(chunk: Uint8Array): Promise<Piece> {
    const pack = this.#pack;
    const piece = { pack, offset: pack.length, length: chunk.length };
    // A copy: the chunk is the reader's own.
    pack.chunks.push(new Uint8Array(chunk));
    pack.length += chunk.length;
    if (pack.length >= PACKFILE_BYTES) {
      this.#pack = emptyPack();
      await this.#store(pack);
    }
    return piece;
  }

  async #store(pack: Pack): Promise<void> {
    if (pack.length === 0) return;
    pack.mac = macOf(pack.chunks);
    const written = await this.#storage.put("packfile", pack.mac, pack.chunks);
    if (written !== pack.length) throw new Error(`the storage wrote ${String(written)} of ${String(pack.length)} bytes`);
    pack.chunks = [];
  }
}

/** What the list of entries holds of one. Numbers that JSON can not hold are strings. */
interface ArchivedJson {
  pathname: string;
  target: string;
  extendedAttributes: readonly string[];
  attribute?: ExtendedAttributeName;
  fileInfo?: Omit<FileInfo, "modTime" | "dev" | "ino"> & { modTime: string; dev: string; ino: string };
  pieces: { mac: string; offset: number; length: number }[];
}

function toJson({ record, pieces }: Archived): ArchivedJson {
  const { pathname, target, extendedAttributes, attribute, fileInfo } = record;
  return {
    pathname,
    target,
    extendedAttributes,
    ...(attribute !== undefined && { attribute }),
    ...(fileInfo !== undefined && {
      fileInfo: {
        ...fileInfo,
        modTime: String(fileInfo.modTime),
        dev: String(fileInfo.dev),
        ino: String(fileInfo.ino),
      },
    }),
    pieces: pieces.map(({ pack, offset, length }) => {
      if (pack.mac === undefined) throw new Error(`a packfile with content of ${JSON.stringify(pathname)} was not stored`);
      return { mac: pack.mac.hex, offset, length };
    }),
  };
}

/**
 * Reads back what {@link ArchiveWriter} kept, for a restore: the entries at and
 * below `root`, with pathnames below it. Content is read from the storage when it
 * is asked for.
 */
export async function readArchive(storage: StorageClient, root: string): Promise<RestoreEntry[]> {
  const [mac, ...others] = await storage.list("state");
  if (mac === undefined || others.length > 0) throw new Error(`there are ${String(others.length + (mac ? 1 : 0))} states: 1 is needed`);
  const index = await collect(storage.get("state", mac));
  if (!macOf([index]).equals(mac)) throw new Error("the state came back with other content");
  const archived = JSON.parse(index.toString()) as ArchivedJson[];
  return archived.flatMap((json) => {
    const pathname = below(root, json.pathname);
    return pathname === undefined ? [] : [entryOf(storage, pathname, json)];
  });
}

function entryOf(storage: StorageClient, pathname: string, json: ArchivedJson): RestoreEntry {
  const read = () => readPieces(storage, json.pieces);
  if (json.attribute !== undefined) return { pathname, attribute: json.attribute, read };
  if (json.fileInfo === undefined) throw new Error(`${JSON.stringify(pathname)} has no file info`);
  const { modTime, dev, ino, ...rest } = json.fileInfo;
  return {
    pathname,
    target: json.target,
    extendedAttributes: json.extendedAttributes,
    fileInfo: { ...rest, modTime: BigInt(modTime), dev: BigInt(dev), ino: BigInt(ino) },
    ...(json.pieces.length > 0 && { read }),
  };
}

async function* readPieces(storage: StorageClient, pieces: ArchivedJson["pieces"]): AsyncGenerator<Uint8Array> {
  for (const { mac, offset, length } of pieces) {
    let came = 0;
    for await (const chunk of storage.get("packfile", Mac.fromHex(mac), { offset, length })) {
      came += chunk.length;
      yield chunk;
    }
    if (came !== length) throw new Error(`${String(came)} of ${String(length)} bytes came back from packfile ${mac}`);
  }
}

function below(root: string, pathname: string): string | undefined {
  if (pathname === root) return "/";
  const prefix = root === "/" ? "" : root;
  return pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : undefined;
}

function emptyPack(): Pack {
  return { chunks: [], length: 0, mac: undefined };
}

function macOf(chunks: readonly Uint8Array[]): Mac {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return Mac.fromBytes(hash.digest());
}

async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
