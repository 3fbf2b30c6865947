import { createClient, createRouterTransport, type Client } from "@connectrpc/connect";
import type { Range, ResourceKind } from "@kloset/model";
import { store as v1_0 } from "@kloset/protocol/v1.0";
import { store as v1_1 } from "@kloset/protocol/v1.1";
import { StoreSession } from "../session.js";
import type { StoreFactory } from "../store.js";
import { storeV1_0 } from "../v1_0.js";
import { storeV1_1 } from "../v1_1.js";

/** One message of a Put. */
export interface PutMessage {
  readonly mac?: Uint8Array;
  readonly chunk?: Uint8Array;
}

/** The calls of a host, identical for both generations. */
export interface Host {
  /** Returns the name of an RPC as it appears in errors. */
  readonly rpc: (what: "list" | "put" | "get" | "delete" | "mode" | "size" | "blob") => string;
  init(): Promise<unknown>;
  create(config: Uint8Array): Promise<unknown>;
  open(): Promise<Uint8Array>;
  close(): Promise<unknown>;
  mode(): Promise<number>;
  size(): Promise<bigint>;
  list(kind: StateKind): Promise<readonly Uint8Array[]>;
  put(kind: StateKind, messages: AsyncIterable<PutMessage> | Iterable<PutMessage>): Promise<bigint>;
  /** Returns the chunks as received. v1.0 supports ranges only for packfiles. */
  get(kind: StateKind, mac: Uint8Array | undefined, range?: Range | WireRange): Promise<readonly Uint8Array[]>;
  delete(kind: StateKind, mac: Uint8Array | undefined): Promise<unknown>;
}

/** The kinds that released hosts know. */
export type StateKind = Extract<ResourceKind, "state" | "packfile" | "lock">;

/** A range whose offset may exceed `Number.MAX_SAFE_INTEGER`. */
interface WireRange {
  readonly offset: bigint;
  readonly length: number;
}

/** The Init request of every host. */
export const INIT = { proto: "memory", config: { location: "memory:///var/backups" } };

/** Creates a client of generation v1.0. */
export function clientV1_0(factory: StoreFactory, session = new StoreSession()): Client<typeof v1_0.Store> {
  const service = storeV1_0(factory, session);
  return createClient(
    v1_0.Store,
    createRouterTransport((router) => router.service(v1_0.Store, service)),
  );
}

/** Creates a client of generation v1.1. */
export function clientV1_1(factory: StoreFactory, session = new StoreSession()): Client<typeof v1_1.Store> {
  const service = storeV1_1(factory, session);
  return createClient(
    v1_1.Store,
    createRouterTransport((router) => router.service(v1_1.Store, service)),
  );
}

async function chunksOf(responses: AsyncIterable<{ readonly chunk: Uint8Array }>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const { chunk } of responses) chunks.push(chunk);
  return chunks;
}

const TITLES = { state: "State", packfile: "Packfile", lock: "Lock" } as const;
const VERBS_V1_0 = {
  list: "GetStates",
  put: "PutState",
  get: "GetState",
  delete: "DeleteState",
  mode: "GetMode",
  size: "GetSize",
  blob: "GetPackfileBlob",
};
const VERBS_V1_1 = { list: "List", put: "Put", get: "Get", delete: "Delete", mode: "Mode", size: "Size", blob: "Get" };

/** Creates a host of generation v1.0. */
export function hostV1_0(factory: StoreFactory, session?: StoreSession): Host {
  const client = clientV1_0(factory, session);
  const macOf = (value: Uint8Array | undefined) => (value === undefined ? {} : { mac: { value } });
  return {
    rpc: (what) => VERBS_V1_0[what],
    init: () => client.init(INIT),
    create: (config) => client.create({ config }),
    open: async () => (await client.open({})).config,
    close: () => client.close({}),
    mode: async () => (await client.getMode({})).mode,
    size: async () => (await client.getSize({})).size,
    list: async (kind) => (await client[`get${TITLES[kind]}s`]({})).macs.map(({ value }) => value),
    put: async (kind, messages) => {
      async function* requests() {
        for await (const { mac, chunk } of messages) yield { ...macOf(mac), ...(chunk !== undefined && { chunk }) };
      }
      return (await client[`put${TITLES[kind]}`](requests())).bytesWritten;
    },
    get: (kind, mac, range) => {
      if (range === undefined) return chunksOf(client[`get${TITLES[kind]}`](macOf(mac)));
      return chunksOf(client.getPackfileBlob({ ...macOf(mac), offset: BigInt(range.offset), length: range.length }));
    },
    delete: (kind, mac) => client[`delete${TITLES[kind]}`](macOf(mac)),
  };
}

const TYPES = {
  packfile: v1_1.StorageResource.PACKFILE,
  state: v1_1.StorageResource.STATE,
  lock: v1_1.StorageResource.LOCK,
} as const;

/** Creates a host of generation v1.1. */
export function hostV1_1(factory: StoreFactory, session?: StoreSession): Host {
  const client = clientV1_1(factory, session);
  const macOf = (mac: Uint8Array | undefined) => (mac === undefined ? {} : { mac });
  return {
    rpc: (what) => VERBS_V1_1[what],
    init: () => client.init(INIT),
    create: (config) => client.create({ config }),
    open: async () => (await client.open({})).config,
    close: () => client.close({}),
    mode: async () => (await client.mode({})).mode,
    size: async () => (await client.size({})).size,
    list: async (kind) => (await client.list({ type: TYPES[kind] })).macs,
    put: async (kind, messages) => {
      async function* requests() {
        let first = true;
        for await (const message of messages) {
          yield { ...message, ...(first && { type: TYPES[kind] }) };
          first = false;
        }
      }
      return (await client.put(requests())).bytesWritten;
    },
    get: (kind, mac, range) =>
      chunksOf(
        client.get({
          ...macOf(mac),
          type: TYPES[kind],
          ...(range !== undefined && { range: { offset: BigInt(range.offset), length: range.length } }),
        }),
      ),
    delete: (kind, mac) => client.delete({ ...macOf(mac), type: TYPES[kind] }),
  };
}
