import { createHash } from "node:crypto";
import { baseName, fileInfoOf, FileMode, type FileInfo } from "@kloset/model";

/** An entry of the tree that the kit has importers read and exporters restore. */
export interface KnownEntry {
  /** Absolute; the root of the tree is "/". */
  readonly pathname: string;
  readonly type: "directory" | "file" | "symlink";
  /** The twelve bits of `chmod`. */
  readonly permissions: number;
  /** Nanoseconds since 1970. */
  readonly modTime: bigint;
  /** The size in bytes; 0 except for files. */
  readonly size: number;
  /** The target of a symbolic link; otherwise empty. */
  readonly target: string;
}

const KiB = 1024;
const MiB = KiB * KiB;
/** 2020-02-29 12:34:56.789 UTC. All file systems and runtimes preserve milliseconds. */
const TIME = 1_582_979_696_789_000_000n;
const SECOND = 1_000_000_000n;
let entries = 0n;

/**
 * A small tree with typical difficulties: sizes around that of a chunk, unusual names, broken links, nested folders.
 * Parents come first.
 */
export const knownTree: readonly KnownEntry[] = [
  directory("/", 0o755),
  file("/empty", 0, 0o644),
  file("/one-byte", 1, 0o600),
  file("/small.txt", 1234, 0o640),
  file("/chunk-less-one", MiB - 1, 0o644),
  file("/chunk", MiB, 0o644),
  file("/chunk-and-one", MiB + 1, 0o644),
  file("/large", 3 * MiB + 17, 0o755),
  symlink("/link", "small.txt"),
  symlink("/broken-link", "../nowhere/at all"),
  directory("/folder", 0o750),
  directory("/folder/empty-folder", 0o700),
  directory("/folder/deep", 0o755),
  directory("/folder/deep/er", 0o711),
  file("/folder/deep/er/leaf", 42, 0o444),
  file("/folder/same-name", 10, 0o644),
  file("/folder/deep/same-name", 11, 0o644),
  file("/names with spaces", 64, 0o644),
  file("/ünïcode-写真-📷", 65, 0o644),
  file("/quote\"and\\back'slash", 66, 0o644),
  file("/line\nbreak\tand\u0001control", 67, 0o644),
  file("/-dash", 68, 0o644),
  file("/..dots", 69, 0o644),
  file("/%41%2f", 70, 0o644),
  // The path of a URL would end at these.
  file("/hash#tag", 71, 0o644),
  file("/question?mark&plus+=", 72, 0o644),
];

function directory(pathname: string, permissions: number): KnownEntry {
  return entryOf({ pathname, type: "directory", permissions });
}

function file(pathname: string, size: number, permissions: number): KnownEntry {
  return entryOf({ pathname, type: "file", permissions, size });
}

function symlink(pathname: string, target: string): KnownEntry {
  return entryOf({ pathname, type: "symlink", permissions: 0o777, target });
}

/** Gives every entry a distinct time, so that swapped times are noticed. */
function entryOf(entry: Pick<KnownEntry, "pathname" | "type" | "permissions"> & Partial<KnownEntry>): KnownEntry {
  return { size: 0, target: "", modTime: TIME + entries++ * SECOND, ...entry };
}

/** Returns content that differs between files and never repeats, so that misplaced bytes are noticed. */
export function knownContent(name: string, size: number): Uint8Array {
  return createHash("shake256", { outputLength: Math.max(size, 1) })
    .update(name)
    .digest()
    .subarray(0, size);
}

/** The content of each entry of a known tree: almost every check needs all of them. */
const contents = new Map<string, Uint8Array>();

/** Returns the content of an entry, which must not be changed. */
export function contentOf({ pathname, size }: Pick<KnownEntry, "pathname" | "size">): Uint8Array {
  const key = `${pathname}\0${size}`;
  const content = contents.get(key) ?? knownContent(pathname, size);
  contents.set(key, content);
  return content;
}

/** Returns the twelve bits of `chmod` from Go's mode. */
export function permissionsOf(mode: number): number {
  const special = [FileMode.SETUID, FileMode.SETGID, FileMode.STICKY].map((bit, index) =>
    (mode & bit) === 0 ? 0 : 0o4000 >> index,
  );
  return special.reduce((sum, bit) => sum | bit, mode & FileMode.PERMISSIONS);
}

/** The device of all entries, as hosts send it for a source on one file system. */
const DEVICE = 65_024n;

/** Returns an entry's FileInfo as a host has it: entries with equal `dev` and `ino` would be the same file. */
export function knownFileInfo({ pathname, type, permissions, modTime, size }: KnownEntry): FileInfo {
  return fileInfoOf({
    name: baseName(pathname),
    type,
    permissions,
    modTime,
    size,
    dev: DEVICE,
    ino: BigInt(createHash("sha256").update(pathname).digest().readUIntBE(0, 6)),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  });
}
