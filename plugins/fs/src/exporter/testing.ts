import { realpath } from "node:fs/promises";
import { expect } from "@jest/globals";
import { fileInfoOf, type CallContext, type FileInfo, type FileInfoInit } from "@kloset/sdk";
import type { Directory, Inode } from "./directories.js";
import { DirectoryHandles } from "./directory-handles.js";
import { DirectoryPaths } from "./directory-paths.js";
import { FsExporter, type FsExporterOptions } from "./exporter.js";
import { nativeTimes } from "./set-times.js";
import { keepsNanoseconds } from "./utimes-argument.js";

/** The implementation of `Directories` that a test runs with. */
export type AccessKind = "handles" | "paths";

/** The implementations that work on this system: handles need Linux, paths work everywhere. */
export const ACCESS_KINDS: readonly AccessKind[] = process.platform === "linux" ? ["handles", "paths"] : ["paths"];

/** Makes an exporter with one of the implementations of `Directories`. */
export async function makeExporter(
  root: string,
  access: AccessKind,
  options: FsExporterOptions = {},
): Promise<FsExporter> {
  if (access === "paths") return new FsExporter(root, new DirectoryPaths(await realpath(root)), options);
  const handles = await DirectoryHandles.open(root);
  if (handles === undefined) throw new Error("this system has no directory handles");
  return new FsExporter(root, handles, options);
}

/** A file info owned by the user who runs the test. */
export function ownInfo(init: FileInfoInit = {}): FileInfo {
  return fileInfoOf({ uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, ...init });
}

/** A signal that is never aborted. */
export const NEVER: AbortSignal = new AbortController().signal;

/** The context of a call that is never aborted. */
export const idle: CallContext = { signal: NEVER };

/** Expects a time that the exporter has set: exactly, or as precisely as Node can without the native library. */
export function expectTime(actual: bigint | undefined, wanted: bigint): void {
  if (nativeTimes() === null) expectTimeOfNode(actual, wanted);
  else expect(actual).toBe(wanted);
}

/** Expects a time that was set as precisely as this version of Node can: see `utimesArgument`. */
export function expectTimeOfNode(actual: bigint | undefined, wanted: bigint): void {
  const microsecond = wanted - (((wanted % 1000n) + 1000n) % 1000n);
  const [from, to] = keepsNanoseconds ? [wanted - 250n, wanted + 250n] : [microsecond, microsecond];
  const asSet = actual !== undefined && actual >= from && actual <= to;
  if (!asSet) expect({ actual }).toEqual({ actual: wanted });
}

/** Errors that {@link RefusingDirectories} throws in place of a call. */
export type Refused = Partial<Record<"chmod" | "chown" | "utimes", (argument: number) => string | undefined>>;

/** Directories of a target that cannot keep owners, modes or times. */
export class RefusingDirectories extends DirectoryPaths {
  readonly #refused: Refused;

  /** @param refused - Returns the code of the error for the first argument of each call, or undefined to make it. */
  constructor(root: string, refused: Refused) {
    super(root);
    this.#refused = refused;
  }

  override inode<T>(pathname: string, work: (inode: Inode) => Promise<T>): Promise<T> {
    const refuse = async (call: keyof Refused, argument: number): Promise<void> => {
      const code = this.#refused[call]?.(argument);
      if (code !== undefined) throw Object.assign(new Error(`${code}: ${call}`), { code });
    };
    return super.inode(pathname, (inode) =>
      work({
        stats: inode.stats,
        chmod: async (mode) => {
          await refuse("chmod", mode);
          await inode.chmod(mode);
        },
        chown: async (uid, gid) => {
          await refuse("chown", uid);
          await inode.chown(uid, gid);
        },
        utimes: async (nanoseconds) => {
          await refuse("utimes", 0);
          await inode.utimes(nanoseconds);
        },
      }),
    );
  }
}

/** Directories of a target that does not distinguish upper and lower case, and stores every name in lower case. */
export class LowerCaseDirectories extends DirectoryPaths {
  override within<T>(pathname: string, work: (directory: Directory) => Promise<T>): Promise<T> {
    return super.within(pathname.toLowerCase(), (directory) =>
      work({ at: (name) => directory.at(name.toLowerCase()) }),
    );
  }

  override inode<T>(pathname: string, work: (inode: Inode) => Promise<T>): Promise<T> {
    return super.inode(pathname.toLowerCase(), work);
  }
}
