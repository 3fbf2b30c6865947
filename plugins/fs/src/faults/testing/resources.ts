import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { StorageClient } from "@kloset/host";
import { Mac, type Range, type ResourceKind } from "@kloset/sdk";
import { isTemporaryName } from "../../fs/temporary-name.js";

/** The kinds that hosts use. */
export const KINDS = ["packfile", "state", "lock"] as const;

/** Makes a different MAC for each number. */
export function macOf(number: number): Mac {
  const bytes = Buffer.alloc(32, number % 256);
  bytes.writeUInt32BE(number, 28);
  return Mac.fromBytes(bytes);
}

/** Returns the path of a resource in a repository. */
export function pathOf(root: string, kind: "packfile" | "state" | "lock", mac: Mac): string {
  return join(root, `${kind}s`, ...(kind === "lock" ? [] : [mac.hex.slice(0, 2)]), mac.hex);
}

/** Reads a resource, or a range of it, as a host does. */
export async function read(client: StorageClient, kind: ResourceKind, mac: Mac, range?: Range): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.get(kind, mac, range)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Lists the names of resources as a host does, sorted. */
export async function listed(client: StorageClient, kind: ResourceKind): Promise<string[]> {
  return (await client.list(kind)).map((mac) => mac.hex).sort();
}

/** Returns the unfinished files below a directory. */
export async function unfinishedBelow(root: string): Promise<string[]> {
  return (await readdir(root, { recursive: true })).filter((name) => isTemporaryName(basename(name)));
}

/** Returns the message of an expected error. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("it did not fail");
}
