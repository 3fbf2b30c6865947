import { createHash } from "node:crypto";
import type { BackupSink, RestoreEntry, ScannedRecord, StorageClient } from "@kloset/host";
import { Mac, type ByteStream, type ExtendedAttributeName, type FileInfo } from "@kloset/model";
import { macOf, PackfileReader, PackfileWriter, type Pack, type Piece } from "./packfiles.js";

/** Maximum size of the list of entries, which is held in memory: about half a million entries. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024;

interface Archived {
  /** Its position in the scan. Entries are finished in a different order. */
  readonly order: number;
  readonly record: ScannedRecord;
  readonly pieces: readonly Piece[];
  /** SHA-256 of the content, in hexadecimal digits. */
  readonly digest: string | undefined;
}

/**
 * Stores a backup in a storage: content in packfiles, and the list of entries, as
 * JSON, in a state. This is a minimal repository, without encryption or
 * deduplication, and not in Plakar's format.
 */
export class ArchiveWriter implements BackupSink {
  /** One line for each entry that could not be backed up. */
  readonly errors: string[] = [];
  readonly #storage: StorageClient;
  readonly #packfiles: PackfileWriter;
  readonly #onEntry: (count: number) => void;
  readonly #archived: Archived[] = [];
  #begun = 0;
  #done = 0;

  /** @param onEntry - Called with the number of records that are done, including failed ones. */
  constructor(storage: StorageClient, onEntry: (count: number) => void) {
    this.#storage = storage;
    this.#packfiles = new PackfileWriter(storage);
    this.#onEntry = onEntry;
  }

  async record(record: ScannedRecord, content: ByteStream | undefined): Promise<void> {
    const order = this.#begun++;
    const pieces: Piece[] = [];
    const hash = createHash("sha256");
    for await (const chunk of content ?? []) {
      hash.update(chunk);
      addPiece(pieces, await this.#packfiles.append(chunk));
    }
    // Added last, so that an entry with incomplete content is not kept.
    this.#archived.push({ order, record, pieces, digest: content && hash.digest("hex") });
    this.#onEntry(++this.#done);
  }

  error(record: ScannedRecord, error: Error): void {
    // A failure of the storage ends the backup. Any other failure affects only this entry.
    this.#packfiles.throwIfFailed();
    this.errors.push(`${JSON.stringify(record.pathname)}: ${error.message}`);
    this.#onEntry(++this.#done);
  }

  /** Stores the remaining content and the list of entries. */
  async finish(): Promise<void> {
    await this.#packfiles.flush();
    const index = Buffer.from(JSON.stringify(indexOf(this.#archived)));
    if (index.length > MAX_INDEX_BYTES) throw tooLarge(index.length);
    const written = await this.#storage.put("state", macOf([index]), index);
    if (written !== index.length) {
      throw new Error(`the storage wrote ${written} of ${index.length} bytes of the list of entries`);
    }
  }
}

/** The content of the state. */
interface Index {
  packfiles: { mac: string; length: number }[];
  entries: ArchivedJson[];
}

/** An entry in the list. Numbers that JSON cannot represent are strings. */
interface ArchivedJson {
  pathname: string;
  target: string;
  extendedAttributes: readonly string[];
  attribute?: ExtendedAttributeName;
  fileInfo?: Omit<FileInfo, "modTime" | "dev" | "ino"> & { modTime: string; dev: string; ino: string };
  digest?: string;
  /** Number of the packfile, offset, length. */
  pieces: [number, number, number][];
}

function indexOf(archived: readonly Archived[]): Index {
  const packfiles: Index["packfiles"] = [];
  const numbers = new Map<Pack, number>();
  const numberOf = (pack: Pack): number => {
    const known = numbers.get(pack);
    if (known !== undefined) return known;
    if (pack.mac === undefined) throw new Error("a packfile was not stored");
    numbers.set(pack, packfiles.length);
    return packfiles.push({ mac: pack.mac.hex, length: pack.length }) - 1;
  };
  const entries = [...archived].sort((a, b) => a.order - b.order).map((entry) => toJson(entry, numberOf));
  return { packfiles, entries };
}

function toJson({ record, pieces, digest }: Archived, numberOf: (pack: Pack) => number): ArchivedJson {
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
    ...(digest !== undefined && { digest }),
    pieces: pieces.map(({ pack, offset, length }) => [numberOf(pack), offset, length]),
  };
}

/** Adds a piece. Merges it with the last one if they are adjacent in the same packfile. */
function addPiece(pieces: Piece[], piece: Piece): void {
  const last = pieces.at(-1);
  if (last?.pack === piece.pack && last.offset + last.length === piece.offset) {
    pieces[pieces.length - 1] = { ...last, length: last.length + piece.length };
  } else {
    pieces.push(piece);
  }
}

/**
 * Reads the archive of an {@link ArchiveWriter} for a restore: the entries at and
 * below `root`, in the order of the scan, with pathnames relative to the root.
 * Content is read from the storage on demand.
 *
 * @throws Error if the list of entries is missing or differs from the stored one.
 * The content of an entry throws at its end if it differs from the backup.
 */
export async function readArchive(storage: StorageClient, root: string): Promise<RestoreEntry[]> {
  const states = await storage.list("state");
  const [mac] = states;
  if (mac === undefined || states.length > 1) throw new Error(`the storage has ${states.length} states, expected 1`);
  const index = await collect(storage.get("state", mac));
  if (!macOf([index]).equals(mac)) throw new Error(`the content of state ${mac.hex} differs from what was stored`);
  const { packfiles, entries } = JSON.parse(index.toString()) as Index;
  const reader = new PackfileReader(storage);
  return entries.flatMap((json) => {
    const pathname = below(root, json.pathname);
    return pathname === undefined ? [] : [entryOf(reader, packfiles, pathname, json)];
  });
}

function entryOf(
  reader: PackfileReader,
  packfiles: Index["packfiles"],
  pathname: string,
  json: ArchivedJson,
): RestoreEntry {
  const read = () => readPieces(reader, packfiles, json);
  if (json.attribute !== undefined) return { pathname, attribute: json.attribute, read };
  if (json.fileInfo === undefined) throw new Error(`${JSON.stringify(pathname)} has no file info`);
  const { modTime, dev, ino, ...rest } = json.fileInfo;
  return {
    pathname,
    target: json.target,
    extendedAttributes: json.extendedAttributes,
    fileInfo: { ...rest, modTime: BigInt(modTime), dev: BigInt(dev), ino: BigInt(ino) },
    ...(json.digest !== undefined && { read }),
  };
}

async function* readPieces(
  reader: PackfileReader,
  packfiles: Index["packfiles"],
  { pathname, pieces, digest }: ArchivedJson,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash("sha256");
  for (const [number, offset, length] of pieces) {
    const packfile = packfiles[number];
    if (packfile === undefined)
      throw new Error(`${JSON.stringify(pathname)} is in packfile ${number}, which is not listed`);
    for await (const chunk of reader.read(Mac.fromHex(packfile.mac), packfile.length, offset, length)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  if (hash.digest("hex") !== digest) {
    throw new Error(`the content of ${JSON.stringify(pathname)} in the storage differs from what was backed up`);
  }
}

function below(root: string, pathname: string): string | undefined {
  if (pathname === root) return "/";
  const prefix = root === "/" ? "" : root;
  return pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : undefined;
}

async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    length += chunk.length;
    if (length > MAX_INDEX_BYTES) throw tooLarge(length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(bytes: number): RangeError {
  return new RangeError(`the list of entries has at least ${bytes} bytes, at most ${MAX_INDEX_BYTES} are allowed`);
}
