import type { ServiceImpl } from "@connectrpc/connect";
import { invalidArgument, toConnectError } from "@kloset/adapter";
import type { ResourceKind } from "@kloset/model";
import type { store as wire } from "@kloset/protocol/v1.1";
import { call, createRepository, get, list, macOf, modeOf, openRepository, put, rangeOf, sizeOf } from "./operations.js";
import type { StoreSession } from "./session.js";
import type { StoreFactory } from "./store.js";

/** A tag, a length, and 32 bytes. */
const BYTES_PER_MAC = 34;

/** The kinds by their number on the wire; 0 is undefined. */
const KINDS: readonly (ResourceKind | undefined)[] = [
  undefined,
  "packfile",
  "state",
  "lock",
  "ecc-packfile",
  "ecc-state",
];

/** Serves a store to hosts of generation v1.1, which name the kind of resource in each request. */
export function storeV1_1(factory: StoreFactory, session: StoreSession): ServiceImpl<typeof wire.Store> {
  return {
    async init(request) {
      try {
        const { origin, type, root, flags } = await session.initStore(factory, request);
        return { origin, type, root, flags };
      } catch (error) {
        throw toConnectError(error);
      }
    },
    async create({ config }) {
      await createRepository(session, config);
      return {};
    },
    open: () => openRepository(session),
    ping: () =>
      call(session, "Ping", async ({ store }) => {
        await store.ping?.();
        return {};
      }),
    mode: () => call(session, "Mode", async ({ store }) => ({ mode: modeOf(await store.mode()) })),
    size: () => call(session, "Size", async ({ store }) => ({ size: sizeOf(await store.size()) })),

    list: ({ type }) =>
      call(session, "List", async (opened) => ({ macs: await list(opened, kindOf("List", type), BYTES_PER_MAC) })),
    async put(messages, { signal }) {
      const bytesWritten = await put(session, "Put", {
        messages,
        read: ({ mac, chunk }) => ({ mac, chunk }),
        kindOf: ({ type }) => kindOf("Put", type),
        signal,
      });
      return { bytesWritten };
    },
    get: ({ mac, type, range }, { signal }) =>
      get(
        session,
        "Get",
        () => ({
          kind: kindOf("Get", type),
          mac: macOf("Get", mac),
          ...(range !== undefined && { range: rangeOf("Get", range.offset, range.length) }),
        }),
        signal,
      ),
    delete: ({ mac, type }) =>
      call(session, "Delete", async ({ resources }) => {
        await resources.delete(kindOf("Delete", type), macOf("Delete", mac));
        return {};
      }),
    async close() {
      try {
        await session.close();
        return {};
      } catch (error) {
        throw toConnectError(error);
      }
    },
  };
}

function kindOf(rpc: string, type: wire.StorageResource): ResourceKind {
  const kind = KINDS[type];
  if (kind === undefined) throw invalidArgument(`${rpc}: there is no storage resource of type ${String(type)}`);
  return kind;
}
