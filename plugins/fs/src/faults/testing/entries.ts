import type { RestoreEntry } from "@kloset/host";
import { baseName, fileInfoOf, type ByteSource, type FileInfoInit } from "@kloset/sdk";

// All entries are owned by root: the plugin runs as root, also on a small disk, or cannot change owners.

/** Makes a directory to restore. */
export function directory(pathname: string, init: FileInfoInit = {}): RestoreEntry {
  return {
    pathname,
    fileInfo: fileInfoOf({ name: baseName(pathname), type: "directory", permissions: 0o755, ...init }),
  };
}

/** Makes a file to restore. */
export function file(pathname: string, content: Uint8Array | string, init: FileInfoInit = {}): RestoreEntry {
  const bytes = Buffer.from(content);
  return streamed(pathname, bytes.length, () => bytes, init);
}

/** Makes a file to restore whose content is produced on demand. */
export function streamed(
  pathname: string,
  size: number,
  read: () => ByteSource,
  init: FileInfoInit = {},
): RestoreEntry {
  return { pathname, fileInfo: fileInfoOf({ name: baseName(pathname), size, permissions: 0o644, ...init }), read };
}

/** Makes a symbolic link to restore. */
export function symlink(pathname: string, target: string, init: FileInfoInit = {}): RestoreEntry {
  return { pathname, target, fileInfo: fileInfoOf({ name: baseName(pathname), type: "symlink", ...init }) };
}

/** Makes an extended attribute to restore. */
export function attribute(pathname: string, name: string, value: string): RestoreEntry {
  return { pathname, attribute: { name, kind: "extended" }, read: () => Buffer.from(value) };
}
