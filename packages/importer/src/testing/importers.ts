import type { HandlerContext } from "@connectrpc/connect";
import {
  fileInfoOf,
  type ByteSource,
  type CallContext,
  type Entry,
  type FileInfoInit,
  type RecordEntry,
} from "@kloset/model";
import type { Importer } from "../importer.js";

/** Creates an importer of the given entries, whose root is "/". `overrides` replace its methods. */
export function importerOf(entries: Iterable<Entry> | Importer["scan"], overrides: Partial<Importer> = {}): Importer {
  return {
    origin: () => "vm",
    type: () => "test",
    root: () => "/",
    scan: typeof entries === "function" ? entries : () => entries,
    close: () => undefined,
    ...overrides,
  };
}

/** Casts invalid values to entries, bypassing the type check. */
export function garbage(...values: readonly unknown[]): Entry[] {
  return values as Entry[];
}

/** Creates a file entry with the given text. */
export function file(pathname: string, content: string, init: FileInfoInit = {}): RecordEntry {
  const bytes = Buffer.from(content);
  return { pathname, fileInfo: fileInfoOf({ size: bytes.length, ...init }), read: () => bytes };
}

/** Creates a file entry of unknown size with the given `read`. */
export function fileReadBy(
  pathname: string,
  read: (context: CallContext) => ByteSource | Promise<ByteSource>,
): RecordEntry {
  return { pathname, fileInfo: fileInfoOf(), read };
}

export function directory(pathname: string): RecordEntry {
  return { pathname, fileInfo: fileInfoOf({ type: "directory" }) };
}

/** Creates the context of a call that the test can abort. */
export function callOf(controller = new AbortController()): HandlerContext {
  return { signal: controller.signal } as HandlerContext;
}

export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

/** Concatenates the chunks of a stream into a text. */
export async function textOf(stream: AsyncIterable<{ readonly chunk?: Uint8Array | undefined }>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const { chunk } of stream) if (chunk !== undefined) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Returns the iterator of a stream. */
export function iteratorOf<T>(stream: AsyncIterable<T>): AsyncIterator<T> {
  return stream[Symbol.asyncIterator]();
}
