import { realpath } from "node:fs/promises";
import { expect } from "@jest/globals";
import { fileInfoOf, type CallContext, type FileInfo, type FileInfoInit } from "@kloset/sdk";
import { DirectoryHandles } from "./directory-handles.js";
import { DirectoryPaths } from "./directory-paths.js";
import { FsExporter, type FsExporterOptions } from "./exporter.js";
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

/** Expects a time that was set as precisely as this version of Node can: see `utimesArgument`. */
export function expectTime(actual: bigint | undefined, wanted: bigint): void {
  const microsecond = wanted - (((wanted % 1000n) + 1000n) % 1000n);
  const [from, to] = keepsNanoseconds ? [wanted - 250n, wanted + 250n] : [microsecond, microsecond];
  const asSet = actual !== undefined && actual >= from && actual <= to;
  if (!asSet) expect({ actual }).toEqual({ actual: wanted });
}
