import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { StorageClient } from "@kloset/host";
import { Mac, type Range, type ResourceKind } from "@kloset/sdk";
import { isTemporaryName } from "../../fs/temporary-name.js";

/** The kinds that hosts use. */
export const KINDS = ["packfile", "state", "lock"] as const;

/** A name of which each number makes another. */
export function macOf(number: number): Mac {
  const bytes = Buffer.alloc(32, number % 256);
  bytes.writeUInt32BE(number, 28);
  return Mac.fromBytes(bytes);
}

/** Where the package keeps a resource. */
export function pathOf(root: string, kind: "packfile" | "state" | "lock", mac: Mac): string {
  return join(root, `${kind}s`, ...(kind === "lock" ? [] : [mac.hex.slice(0, 2)]), mac.hex);
}

/** Reads a resource, or a part of it, through a host. */
export async function read(client: StorageClient, kind: ResourceKind, mac: Mac, range?: Range): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.get(kind, mac, range)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What a host lists, in order. */
export async function listed(client: StorageClient, kind: ResourceKind): Promise<string[]> {
  return (await client.list(kind)).map((mac) => mac.hex).sort();
}

/** Unfinished files below a directory. */
export async function unfinishedBelow(root: string): Promise<string[]> {
  return (await readdir(root, { recursive: true })).filter((name) => isTemporaryName(basename(name)));
}

/** What something that must fail fails with. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("it did not fail");
}
