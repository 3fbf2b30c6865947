/**
 * The bits of Go's `fs.FileMode`, the representation that Plakar stores and sends.
 * It differs from POSIX's `st_mode`: only the low nine permission bits agree.
 * Convert with {@link fileModeFromPosix} and {@link fileModeToPosix}, or build one
 * with {@link fileModeOf}. After combining bits with `|`, apply `>>> 0`, because
 * JavaScript's bitwise operators return signed numbers.
 */
export const FileMode = {
  /** A directory. */
  DIR: 0x8000_0000,
  /** Append-only. */
  APPEND: 0x4000_0000,
  /** Exclusive use. */
  EXCLUSIVE: 0x2000_0000,
  /** Temporary file (Plan 9 only). */
  TEMPORARY: 0x1000_0000,
  /** A symbolic link. */
  SYMLINK: 0x0800_0000,
  /** A device; a block device unless {@link FileMode.CHAR_DEVICE} is set too. */
  DEVICE: 0x0400_0000,
  /** A named pipe (FIFO). */
  NAMED_PIPE: 0x0200_0000,
  /** A Unix domain socket. */
  SOCKET: 0x0100_0000,
  /** Set user ID on execution. */
  SETUID: 0x0080_0000,
  /** Set group ID on execution. */
  SETGID: 0x0040_0000,
  /** A character device; always together with {@link FileMode.DEVICE}. */
  CHAR_DEVICE: 0x0020_0000,
  /** Only owners may remove entries. */
  STICKY: 0x0010_0000,
  /** Not a regular file; otherwise unknown. */
  IRREGULAR: 0x0008_0000,
  /** The nine permission bits, identical to POSIX. */
  PERMISSIONS: 0o777,
} as const;

/** Mask of all type bits. A regular file has none of them. */
const TYPE_BITS =
  (FileMode.DIR |
    FileMode.SYMLINK |
    FileMode.NAMED_PIPE |
    FileMode.SOCKET |
    FileMode.DEVICE |
    FileMode.CHAR_DEVICE |
    FileMode.IRREGULAR) >>>
  0;

/** Mask of all bits that Go defines. POSIX has the type and the special bits among the others. */
const DEFINED_BITS = Object.values(FileMode).reduce((bits, bit) => (bits | bit) >>> 0, 0);

/** The type of an entry. */
export type FileType =
  "file" | "directory" | "symlink" | "fifo" | "socket" | "block-device" | "char-device" | "irregular";

const BITS_OF_TYPE: Readonly<Record<FileType, number>> = {
  file: 0,
  directory: FileMode.DIR,
  symlink: FileMode.SYMLINK,
  fifo: FileMode.NAMED_PIPE,
  socket: FileMode.SOCKET,
  "block-device": FileMode.DEVICE,
  "char-device": (FileMode.DEVICE | FileMode.CHAR_DEVICE) >>> 0,
  irregular: FileMode.IRREGULAR,
};

/** The POSIX `S_IFMT` mask; the same on every system that Node supports. */
const S_IFMT = 0o170000;
const POSIX_OF_TYPE: Readonly<Record<FileType, number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  fifo: 0o010000,
  socket: 0o140000,
  "block-device": 0o060000,
  "char-device": 0o020000,
  irregular: 0,
};
// Lookup tables: each is consulted several times per scanned entry.
const TYPES = Object.keys(BITS_OF_TYPE) as FileType[];
const TYPE_OF_BITS: ReadonlyMap<number, FileType> = new Map(TYPES.map((type) => [BITS_OF_TYPE[type], type]));
const BITS_OF_FORMAT: ReadonlyMap<number, number> = new Map(
  TYPES.map((type) => [POSIX_OF_TYPE[type], BITS_OF_TYPE[type]]),
);

const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_ISVTX = 0o1000;

/**
 * Returns the type encoded in a Go file mode. Combinations that Go never produces
 * (such as a directory that is also a symbolic link) and numbers that are not a
 * valid mode are `"irregular"`, never a regular file.
 */
export function fileTypeOf(mode: number): FileType {
  // Bitwise operators would turn NaN into 0 and drop everything above 32 bits.
  if (!Number.isInteger(mode) || mode < -0x8000_0000 || mode > 0xffff_ffff) return "irregular";
  return TYPE_OF_BITS.get((mode & TYPE_BITS) >>> 0) ?? "irregular";
}

/** Returns true if a number has only bits that {@link FileMode} defines. A POSIX `st_mode` with a type has others. */
export function isFileMode(mode: number): boolean {
  return Number.isInteger(mode) && mode >= 0 && mode <= 0xffff_ffff && (mode & ~DEFINED_BITS) === 0;
}

/** Returns true for a regular file: no type bit is set. */
export function isRegularFile(mode: number): boolean {
  return fileTypeOf(mode) === "file";
}

/** Returns true for a directory. */
export function isDirectory(mode: number): boolean {
  return fileTypeOf(mode) === "directory";
}

/** Returns true for a symbolic link. */
export function isSymlink(mode: number): boolean {
  return fileTypeOf(mode) === "symlink";
}

/**
 * Converts a POSIX `st_mode`, as reported by `fs.stat`, to a Go file mode.
 *
 * @param posix - Type, setuid, setgid, sticky and permission bits. A type
 * unknown to POSIX becomes `irregular`.
 */
export function fileModeFromPosix(posix: number): number {
  let mode = BITS_OF_FORMAT.get(posix & S_IFMT) ?? FileMode.IRREGULAR;
  mode |= posix & FileMode.PERMISSIONS;
  if (posix & S_ISUID) mode |= FileMode.SETUID;
  if (posix & S_ISGID) mode |= FileMode.SETGID;
  if (posix & S_ISVTX) mode |= FileMode.STICKY;
  return mode >>> 0;
}

/**
 * Converts a Go file mode to a POSIX `st_mode`: type, setuid, setgid, sticky and
 * permission bits. For `chmod`, keep the low twelve bits: `& 0o7777`. Bits without
 * a POSIX equivalent (append, exclusive, temporary) are dropped.
 */
export function fileModeToPosix(mode: number): number {
  let posix = POSIX_OF_TYPE[fileTypeOf(mode)] | (mode & FileMode.PERMISSIONS);
  if (mode & FileMode.SETUID) posix |= S_ISUID;
  if (mode & FileMode.SETGID) posix |= S_ISGID;
  if (mode & FileMode.STICKY) posix |= S_ISVTX;
  return posix;
}

/**
 * Builds a Go file mode from a type and the low twelve bits, as for `chmod`.
 *
 * @param permissions - 0 to 0o7777.
 * @throws RangeError for other permissions, and for an unknown type.
 */
export function fileModeOf(type: FileType, permissions: number): number {
  // Plain JavaScript callers get no type check, and without this an unknown type would yield a regular file.
  if (!Object.hasOwn(BITS_OF_TYPE, type)) {
    const shown = typeof type === "string" ? JSON.stringify(type) : String(type);
    throw new RangeError(`the type must be one of ${TYPES.map((known) => JSON.stringify(known)).join(", ")}: ${shown}`);
  }
  if (!Number.isInteger(permissions) || permissions < 0 || permissions > 0o7777) {
    throw new RangeError(`permissions must be within 0 and 0o7777: ${permissions}`);
  }
  return (BITS_OF_TYPE[type] | fileModeFromPosix(POSIX_OF_TYPE.file | permissions)) >>> 0;
}
