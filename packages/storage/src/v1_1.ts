import { Calls, identityOf, invalidArgument, type RpcContext } from "@kloset/adapter";
import type { ResourceKind } from "@kloset/model";
import type { ServiceImplementation } from "@kloset/protocol/service-implementation";
import type { store as wire } from "@kloset/protocol/v1.1";
import {
  createRepository,
  get,
  isHot,
  list,
  macOf,
  mode,
  openRepository,
  put,
  rangeOf,
  remove,
  sizeOf,
} from "./operations.js";
import type { StoreSession } from "./session.js";
import type { StoreFactory } from "./store.js";

/** Encoded size of a MAC: tag, length, 32 bytes. */
const BYTES_PER_MAC = 34;

/** Kinds by their number on the wire. Number 0 means undefined. */
const KINDS: readonly (ResourceKind | undefined)[] = [
  undefined,
  "packfile",
  "state",
  "lock",
  "ecc-packfile",
  "ecc-state",
];

/** Serves a store to hosts of generation v1.1, which send the kind of resource in each request. */
export function storeV1_1(
  factory: StoreFactory,
  session: StoreSession,
): ServiceImplementation<typeof wire.Store, RpcContext> {
  const calls = new Calls(session, "store.Store");
  return {
    init: (request) => calls.init(session.opener(factory, request), identityOf),
    create: ({ config }) => createRepository(calls, session, config),
    open: () => openRepository(calls, session),
    ping: () => calls.empty("Ping", ({ store }) => store.ping?.()),
    mode: () => mode(calls, "Mode"),
    size: () => calls.unary("Size", async ({ store }) => ({ size: sizeOf(await store.size()) })),

    list: ({ type, flags }, context) =>
      calls.unary("List", async (opened) => ({
        macs: await list(opened, kindOf("List", type), BYTES_PER_MAC, context, isHot(flags)),
      })),
    async put(messages, context) {
      const bytesWritten = await put(calls, "Put", {
        messages,
        read: ({ mac, chunk }) => ({ mac, chunk }),
        kindOf: ({ type }) => kindOf("Put", type),
        hotOf: ({ flags }) => isHot(flags),
        context,
      });
      return { bytesWritten };
    },
    get: ({ mac, type, flags, range }, context) =>
      get(
        calls,
        "Get",
        () => ({
          kind: kindOf("Get", type),
          mac: macOf("Get", mac),
          hot: isHot(flags),
          ...(range !== undefined && { range: rangeOf("Get", range.offset, range.length) }),
        }),
        context,
      ),
    delete: ({ mac, type, flags }, context) =>
      calls.empty("Delete", (opened) =>
        remove(opened, kindOf("Delete", type), macOf("Delete", mac), context, isHot(flags)),
      ),
    close: () => calls.close(),
  };
}

function kindOf(rpc: string, type: wire.StorageResource): ResourceKind {
  const kind = KINDS[type];
  if (kind === undefined) throw invalidArgument(`${rpc}: there is no storage resource of type ${type}`);
  return kind;
}
