import { execFileSync } from "node:child_process";
import { mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteSource, ConnectContext, Entry, HostOptions, RecordEntry } from "@kloset/sdk";
import { testContext } from "@kloset/testing";
import type { ImporterConfig } from "../importer.js";

/** Makes a folder for a test. Its path contains no symbolic links. */
export function makeFolder(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), "tsfs-importer-"));
}

/** Removes a folder with `rm`, because its paths may be too long for Node. */
export function removeFolder(folder: string): void {
  execFileSync("rm", ["-rf", folder]);
}

/** Makes the context for the constructor of an importer. */
export function contextOf(
  location: string,
  options: Partial<HostOptions> = {},
  config: Partial<ImporterConfig> = {},
): ConnectContext<ImporterConfig> {
  return testContext({
    location,
    config: {
      changing: "keep",
      dont_traverse_fs: false,
      ignore_inode: false,
      noxattr: false,
      xattr_exclude: undefined,
      xattr_include: undefined,
      ...config,
    },
    options: { hostname: "host", ...options },
  });
}

/** Collects all entries of a scan. */
export async function collect(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

/** Reads a source of the importer, which returns bytes or an iterable. Copies every chunk, because its buffer may be reused for the next one. */
export async function contentOf(source: ByteSource): Promise<Buffer> {
  if (source instanceof Uint8Array) return Buffer.from(source);
  const chunks: Buffer[] = [];
  if (!(Symbol.asyncIterator in source)) throw new TypeError("expected an async iterable");
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Filters the records. */
export function recordsOf(entries: readonly Entry[]): RecordEntry[] {
  return entries.filter((entry): entry is RecordEntry => entry.fileInfo !== undefined);
}

/** Returns the pathnames of the records in a folder, relative to it. */
export function namesBelow(folder: string, entries: readonly Entry[]): string[] {
  return recordsOf(entries)
    .map(({ pathname }) => pathname)
    .filter((pathname) => pathname === folder || pathname.startsWith(`${folder}/`))
    .map((pathname) => pathname.slice(folder.length));
}

/** Returns the errors as "pathname: message". */
export function errorsOf(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ pathname, error }) =>
    error === undefined ? [] : [`${pathname}: ${typeof error === "string" ? error : error.message}`],
  );
}

/** Returns the message of a thrown error, or undefined if nothing is thrown. */
export async function messageOf(action: () => unknown): Promise<string | undefined> {
  try {
    await action();
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}
