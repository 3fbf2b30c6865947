import type { StorageClient } from "@kloset/host";
import type { Mac, Range, ResourceKind } from "@kloset/model";
import type { Harness, ReadyPlugin } from "../../harness.js";
import { readAll, requireSameBytes } from "../../bytes.js";
import { requires } from "../../violation.js";

/** What every repository of the kit is configured with, unless the rule is about that. */
export const CONFIG = new TextEncoder().encode("the configuration of a repository of the conformance kit");

/**
 * Starts the plugin and makes an empty repository. It is opened as well, as hosts
 * do before anything else, and in the same process: not every store outlives one.
 */
export async function newRepository(harness: Harness<"storage">): Promise<ReadyPlugin<StorageClient>> {
  const running = await harness.start();
  await running.client.create(CONFIG, harness.signal);
  await running.client.open(harness.signal);
  return running;
}

/** Starts one more process of the plugin on the repository. */
export async function sameRepository(harness: Harness<"storage">): Promise<ReadyPlugin<StorageClient>> {
  const running = await harness.start();
  await running.client.open(harness.signal);
  return running;
}

/** Ends the check for a store that is gone with its process: the rule is about two. */
export function requireTwoProcesses(harness: Harness<"storage">): void {
  if (harness.subject.persistent === false) harness.notApplicable("what this store keeps is gone with its process");
}

/** Reads a resource, or a part of it, to its end. */
export async function read(
  client: StorageClient,
  kind: ResourceKind,
  mac: Mac,
  range?: Range,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return await readAll(client.get(kind, mac, range, signal));
}

/** @throws Violation unless the resource has these bytes. */
export async function requireContent(
  client: StorageClient,
  kind: ResourceKind,
  mac: Mac,
  expected: Uint8Array,
  what = `the ${kind} ${mac.hex}`,
): Promise<void> {
  requireSameBytes(await read(client, kind, mac), expected, what);
}

/** @returns The MACs that are listed, as they come. */
export async function listed(client: StorageClient, kind: ResourceKind): Promise<string[]> {
  return (await client.list(kind)).map(({ hex }) => hex);
}

/** @throws Violation when a resource is listed. @param why - Why it must not be, as "was deleted". */
export async function requireUnlisted(client: StorageClient, kind: ResourceKind, mac: Mac, why: string): Promise<void> {
  requires(!(await listed(client, kind)).includes(mac.hex), `a ${kind} is listed that ${why}: ${mac.hex}`);
}

/** @throws Violation when a resource is not listed. @param why - Why it must be, as "was put". */
export async function requireListed(client: StorageClient, kind: ResourceKind, mac: Mac, why: string): Promise<void> {
  requires((await listed(client, kind)).includes(mac.hex), `a ${kind} is not listed that ${why}: ${mac.hex}`);
}
