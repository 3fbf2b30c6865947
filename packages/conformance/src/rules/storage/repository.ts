import type { StorageClient } from "@kloset/host";
import type { Mac, Range, ResourceKind } from "@kloset/model";
import type { Harness, ReadyPlugin } from "../../harness.js";
import { readAll, requireSameBytes } from "../../bytes.js";
import { requires } from "../../violation.js";

/** The configuration of the kit's repositories, except in rules about the configuration. */
export const CONFIG = new TextEncoder().encode("the configuration of a repository of the conformance kit");

/**
 * Starts the plugin and creates an empty repository. Opens it as well, as hosts do before anything else, and in the same
 * process, because not every store outlives its process.
 */
export async function newRepository(harness: Harness<"storage">): Promise<ReadyPlugin<StorageClient>> {
  const running = await harness.start();
  await running.client.create(CONFIG, harness.signal);
  await running.client.open(harness.signal);
  return running;
}

/** Starts another process of the plugin on the same repository. */
export async function sameRepository(harness: Harness<"storage">): Promise<ReadyPlugin<StorageClient>> {
  const running = await harness.start();
  await running.client.open(harness.signal);
  return running;
}

/** The rule does not apply to a store that ends with its process. */
export function requireTwoProcesses(harness: Harness<"storage">): void {
  if (harness.subject.persistent === false)
    harness.notApplicable(
      "the content of this store ends with its process",
      "leave out --no-persistent if that is not so",
    );
}

/** Reads a resource or a range of it. */
export async function read(
  client: StorageClient,
  kind: ResourceKind,
  mac: Mac,
  range?: Range,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return await readAll(client.get(kind, mac, range, signal));
}

/** @throws Violation unless the resource has the expected content. */
export async function requireContent(
  client: StorageClient,
  kind: ResourceKind,
  mac: Mac,
  expected: Uint8Array,
  what = `the ${kind} ${mac.hex}`,
): Promise<void> {
  requireSameBytes(await read(client, kind, mac), expected, what);
}

/** Returns the listed MACs in the plugin's order. */
export async function listed(client: StorageClient, kind: ResourceKind): Promise<string[]> {
  return (await client.list(kind)).map(({ hex }) => hex);
}

/** @throws Violation when a resource is listed. @param why - The reason why it must not be, such as "was deleted". */
export async function requireUnlisted(client: StorageClient, kind: ResourceKind, mac: Mac, why: string): Promise<void> {
  requires(!(await listed(client, kind)).includes(mac.hex), `List reports a ${kind} that ${why}: ${mac.hex}`);
}

/** @throws Violation when a resource is not listed. @param why - The reason why it must be, such as "was put". */
export async function requireListed(client: StorageClient, kind: ResourceKind, mac: Mac, why: string): Promise<void> {
  requires((await listed(client, kind)).includes(mac.hex), `List omits a ${kind} that ${why}: ${mac.hex}`);
}
