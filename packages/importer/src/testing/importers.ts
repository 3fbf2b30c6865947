import type { HandlerContext } from "@connectrpc/connect";
import { fileInfoOf, type ByteSource, type Entry, type FileInfoInit, type RecordEntry } from "@kloset/model";
import type { Importer } from "../importer.js";

/** An importer of these entries; `overrides` replace its methods. */
export function importerOf(entries: Iterable<Entry> | Importer["scan"], overrides: Partial<Importer> = {}): Importer {
  return {
    origin: () => "vm",
    type: () => "test",
    root: () => "/srv",
    scan: typeof entries === "function" ? entries : () => entries,
    close: () => undefined,
    ...overrides,
  };
}

/** Entries that break the rules, which TypeScript would not let pass. */
export function garbage(...values: readonly unknown[]): Entry[] {
  return values as Entry[];
}

/** A file that holds a text. */
export function file(pathname: string, content: string, init: FileInfoInit = {}): RecordEntry {
  const bytes = Buffer.from(content);
  return { pathname, fileInfo: fileInfoOf({ size: bytes.length, ...init }), read: () => bytes };
}

/** A file that is opened so, and whose size is not known. */
export function fileReadBy(
  pathname: string,
  read: (signal: AbortSignal) => ByteSource | Promise<ByteSource>,
): RecordEntry {
  return { pathname, fileInfo: fileInfoOf(), read };
}

export function directory(pathname: string): RecordEntry {
  return { pathname, fileInfo: fileInfoOf({ type: "directory" }) };
}

/** A call of a host that may hang up. */
export function callOf(controller = new AbortController()): HandlerContext {
  return { signal: controller.signal } as HandlerContext;
}

export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

/** The text of the chunks of an open. */
export async function textOf(stream: AsyncIterable<{ readonly chunk?: Uint8Array | undefined }>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const { chunk } of stream) if (chunk !== undefined) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Drives a stream by hand. */
export function iteratorOf<T>(stream: AsyncIterable<T>): AsyncIterator<T> {
  return stream[Symbol.asyncIterator]();
}
