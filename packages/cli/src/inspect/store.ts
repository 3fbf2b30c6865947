import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { openStorage, PluginError, type StorageClient } from "@kloset/host";
import { Mac, type Range, type ResourceKind } from "@kloset/model";
import type { CommandContext } from "../command.js";
import { CliError, UsageError } from "../exit-code.js";
import { write, writeJson } from "./output.js";
import { textOf, withPlugin, type PluginOptions } from "./session.js";
import { tableText } from "../table.js";

/** The kinds of resources. */
export const RESOURCE_KINDS: readonly ResourceKind[] = ["packfile", "state", "lock", "ecc-packfile", "ecc-state"];

/** Options of `kloset inspect store`. */
export interface StoreOptions extends PluginOptions {
  /** True to create the repository first, with an empty configuration. */
  readonly create?: boolean | undefined;
}

/** The storage to work on. */
export interface StoreTarget {
  readonly plugin: string;
  readonly location: string;
}

/** Work on an open storage. */
type Work = (store: StorageClient, signal: AbortSignal) => Promise<void>;

async function withStore(
  context: CommandContext,
  { plugin, location }: StoreTarget,
  options: StoreOptions,
  work: Work,
): Promise<void> {
  await withPlugin(context, plugin, options, async ({ connection, signal }) => {
    const store = await openStorage(connection, { location, config: options.option });
    if (options.create === true) await store.create(new Uint8Array(0), signal);
    else await openRepository(store, signal);
    await work(store, signal);
    await store.close();
  });
}

async function openRepository(store: StorageClient, signal: AbortSignal): Promise<void> {
  try {
    await store.open(signal);
  } catch (error) {
    if (!(error instanceof PluginError) || signal.aborted) throw error;
    const hint = "if the location has no repository yet, --create creates one";
    throw new CliError(`cannot open the repository: ${textOf(error)}; ${hint}`, { cause: error });
  }
}

/** Runs `kloset inspect store put`: stores a file, by default under the SHA-256 of its content. */
export async function put(
  context: CommandContext,
  target: StoreTarget,
  resource: { readonly kind: ResourceKind; readonly file: string },
  options: StoreOptions & { readonly mac?: Mac | undefined },
): Promise<void> {
  const { kind, file } = resource;
  const { size, sha256 } = await digestOf(file);
  const mac = options.mac ?? sha256;
  await withStore(context, target, options, async (store, signal) => {
    const written = await store.put(kind, mac, createReadStream(file), signal);
    if (written !== size) {
      throw new CliError(`put ${kind} ${mac.hex}: the storage reported ${written} bytes, but the file has ${size}`);
    }
    await print(context, options, { kind, mac: mac.hex, bytes: size }, mac.hex);
  });
}

/** Runs `kloset inspect store get`: writes a resource to standard output. */
export async function get(
  context: CommandContext,
  target: StoreTarget,
  resource: { readonly kind: ResourceKind; readonly mac: Mac },
  options: StoreOptions & { readonly range?: Range | undefined },
): Promise<void> {
  await withStore(context, target, options, async (store, signal) => {
    for await (const chunk of store.get(resource.kind, resource.mac, options.range, signal)) {
      await write(context.terminal, chunk);
    }
  });
}

/** Runs `kloset inspect store list`: lists the resources of one kind, or of those that every host uses. */
export async function list(
  context: CommandContext,
  target: StoreTarget,
  kind: ResourceKind | undefined,
  options: StoreOptions,
): Promise<void> {
  const kinds = kind === undefined ? RESOURCE_KINDS.slice(0, USED_KINDS) : [kind];
  await withStore(context, target, options, async (store, signal) => {
    for (const each of kinds) {
      for (const { hex } of await store.list(each, signal)) {
        await print(context, options, { kind: each, mac: hex }, tableText([[each, hex]], { widths: KIND_WIDTHS }));
      }
    }
  });
}

/** Runs `kloset inspect store delete`. */
export async function remove(
  context: CommandContext,
  target: StoreTarget,
  { kind, mac }: { readonly kind: ResourceKind; readonly mac: Mac },
  options: StoreOptions,
): Promise<void> {
  await withStore(context, target, options, async (store, signal) => {
    await store.delete(kind, mac, signal);
    await print(context, options, { kind, mac: mac.hex, deleted: true }, `deleted ${kind} ${mac.hex}`);
  });
}

/** Released hosts use the first three kinds. */
const USED_KINDS = 3;
const KIND_WIDTHS = [14];
const CHECK_BYTES = 3 * 1024 * 1024 + 1;
const CHECK_RANGE: Range = { offset: 1024 * 1024 - 1, length: 1024 * 1024 };

/** Runs `kloset inspect store check`: stores a packfile of random bytes, reads it in several ways, and deletes it. */
export async function check(context: CommandContext, target: StoreTarget, options: StoreOptions): Promise<void> {
  const content = randomBytes(CHECK_BYTES);
  const mac = Mac.fromBytes(createHash("sha256").update(content).digest());
  await withStore(context, target, options, async (store, signal) => {
    const passed = (step: string): Promise<void> => print(context, options, { step, ok: true }, `ok  ${step}`);
    const expect = (condition: boolean, problem: string): void => {
      if (!condition) throw new CliError(`packfile ${mac.hex}: ${problem}`);
    };
    let isStored = true;
    try {
      const written = await store.put("packfile", mac, content, signal);
      expect(written === content.length, `put reported ${written} bytes, expected ${content.length}`);
      await passed("put");
      const listed = await store.list("packfile", signal);
      expect(
        listed.some(({ hex }) => hex === mac.hex),
        "put succeeded, but the list does not have it",
      );
      await passed("list");
      await assertContent(store.get("packfile", mac, undefined, signal), content, "get");
      await passed("get");
      const { offset, length } = CHECK_RANGE;
      const part = content.subarray(offset, offset + length);
      await assertContent(store.get("packfile", mac, CHECK_RANGE, signal), part, `get of ${length} bytes at ${offset}`);
      await passed("get a range");
      await store.delete("packfile", mac, signal);
      isStored = false;
      const left = await store.list("packfile", signal);
      expect(!left.some(({ hex }) => hex === mac.hex), "delete succeeded, but the list still has it");
      await passed("delete");
    } finally {
      // Intentionally ignored: the first failure is the one to report.
      if (isStored && !signal.aborted) await store.delete("packfile", mac).catch(() => undefined);
    }
  });
}

async function assertContent(got: AsyncIterable<Uint8Array>, wanted: Uint8Array, step: string): Promise<void> {
  let at = 0;
  for await (const chunk of got) {
    if (Buffer.compare(chunk, wanted.subarray(at, at + chunk.length)) !== 0) {
      throw new CliError(`${step}: the bytes from ${at} on differ from those that were stored`);
    }
    at += chunk.length;
  }
  if (at !== wanted.length) throw new CliError(`${step}: got ${at} bytes, expected ${wanted.length}`);
}

async function print(context: CommandContext, options: PluginOptions, value: object, text: string): Promise<void> {
  const { terminal } = context;
  if (options.json === true || !terminal.isTerminal) await writeJson(terminal, value);
  else await write(terminal, `${text}\n`);
}

async function digestOf(file: string): Promise<{ size: number; sha256: Mac }> {
  try {
    if (!(await stat(file)).isFile()) throw new Error("it is not a regular file");
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
    }
    return { size, sha256: Mac.fromBytes(hash.digest()) };
  } catch (error) {
    throw new UsageError(`cannot read ${JSON.stringify(file)}: ${(error as Error).message}`, { cause: error });
  }
}
