import { fileInfoOf, type FileInfoInit } from "@kloset/model";
import type { RestoreEntry } from "../flow/restore-types.js";

/** An arbitrary location. */
export const location = { location: "test:///out" };
/** Creates a directory entry. */
export const directory = (pathname: string, name = ""): RestoreEntry => ({
  pathname,
  fileInfo: fileInfoOf({ type: "directory", name }),
});
/** Returns the entry with the last component of its pathname as its name. */
export const named = (entry: RestoreEntry): RestoreEntry =>
  entry.attribute === undefined && entry.fileInfo.name === ""
    ? { ...entry, fileInfo: { ...entry.fileInfo, name: entry.pathname.slice(entry.pathname.lastIndexOf("/") + 1) } }
    : entry;
/** Creates a file entry with the given content. */
export const file = (pathname: string, text: string, size = text.length, more: FileInfoInit = {}): RestoreEntry => ({
  pathname,
  fileInfo: fileInfoOf({ size, ...more }),
  read: () => Buffer.from(text),
});
/** Creates an extended attribute with the given value. */
export const attribute = (pathname: string, name: string, text: string): RestoreEntry => ({
  pathname,
  attribute: { name, kind: "extended" },
  read: () => Buffer.from(text),
});
/** Creates a file entry whose source fails in the middle. */
export function breaking(pathname: string): RestoreEntry {
  async function* read(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("half");
    throw new Error("the repository is damaged");
  }
  return { pathname, fileInfo: fileInfoOf({ size: 9 }), read };
}

/** Collects errors as "path: text". */
export function errors(): { list: string[]; onError: (pathname: string, error: Error) => void } {
  const list: string[] = [];
  return { list, onError: (pathname, error) => list.push(`${pathname}: ${error.message}`) };
}
