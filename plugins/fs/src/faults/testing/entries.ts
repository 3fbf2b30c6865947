import type { RestoreEntry } from "@kloset/host";
import { baseName, fileInfoOf, type ByteSource, type FileInfoInit } from "@kloset/sdk";

// Owned by root: whoever runs the plugin is root, also on a disk of its own, or can not change owners.

/** A directory to restore. */
export function directory(pathname: string, init: FileInfoInit = {}): RestoreEntry {
  return {
    pathname,
    fileInfo: fileInfoOf({ name: baseName(pathname), type: "directory", permissions: 0o755, ...init }),
  };
}

/** A file to restore. */
export function file(pathname: string, content: Uint8Array | string, init: FileInfoInit = {}): RestoreEntry {
  const bytes = Buffer.from(content);
  return streamed(pathname, bytes.length, () => bytes, init);
}

/** A file to restore whose content is made when it is wanted. */
export function streamed(
  pathname: string,
  size: number,
  read: () => ByteSource,
  init: FileInfoInit = {},
): RestoreEntry {
  return { pathname, fileInfo: fileInfoOf({ name: baseName(pathname), size, permissions: 0o644, ...init }), read };
}

/** A symbolic link to restore. */
export function symlink(pathname: string, target: string): RestoreEntry {
  return { pathname, target, fileInfo: fileInfoOf({ name: baseName(pathname), type: "symlink" }) };
}
