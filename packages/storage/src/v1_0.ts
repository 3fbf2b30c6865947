import { Calls, type RpcContext } from "@kloset/adapter";
import type { ResourceKind } from "@kloset/model";
import type { ServiceImplementation } from "@kloset/protocol/service-implementation";
import type { store as wire } from "@kloset/protocol/v1.0";
import {
  createRepository,
  get,
  list,
  macOf,
  mode,
  openRepository,
  put,
  rangeOf,
  remove,
  sizeOf,
  type PutMessage,
} from "./operations.js";
import type { StoreSession } from "./session.js";
import type { StoreFactory } from "./store.js";

/** Encoded size of a MAC: tag and length of the message, tag and length of its only field, 32 bytes. */
const BYTES_PER_MAC = 36;

/** Serves a store to hosts of generation v1.0, which call a separate RPC for each kind of resource. */
export function storeV1_0(
  factory: StoreFactory,
  session: StoreSession,
): ServiceImplementation<typeof wire.Store, RpcContext> {
  const calls = new Calls(session, "store.Store");
  const listOf = (rpc: string, kind: ResourceKind) => (_request: unknown, context: RpcContext) =>
    calls.unary(rpc, async (opened) => ({
      macs: (await list(opened, kind, BYTES_PER_MAC, context)).map((value) => ({ value })),
    }));
  const putOf =
    (rpc: string, kind: ResourceKind) => async (messages: AsyncIterable<PutRequest>, context: RpcContext) => ({
      bytesWritten: await put(calls, rpc, { messages, read: readPut, kindOf: () => kind, context }),
    });
  const getOf = (rpc: string, kind: ResourceKind) => (request: MacRequest, context: RpcContext) =>
    get(calls, rpc, () => ({ kind, mac: macOf(rpc, request.mac?.value) }), context);
  const deleteOf = (rpc: string, kind: ResourceKind) => (request: MacRequest, context: RpcContext) =>
    calls.empty(rpc, (opened) => remove(opened, kind, macOf(rpc, request.mac?.value), context));

  return {
    init: (request) => calls.init(session.opener(factory, request), () => ({})),
    create: ({ config }) => createRepository(calls, session, config),
    open: () => openRepository(calls, session),
    close: () => calls.close(),
    getLocation: () => calls.unary("GetLocation", ({ location }) => ({ location })),
    getMode: () => mode(calls, "GetMode"),
    getSize: () => calls.unary("GetSize", async ({ store }) => ({ size: sizeOf(await store.size()) })),

    getStates: listOf("GetStates", "state"),
    putState: putOf("PutState", "state"),
    getState: getOf("GetState", "state"),
    deleteState: deleteOf("DeleteState", "state"),

    getPackfiles: listOf("GetPackfiles", "packfile"),
    putPackfile: putOf("PutPackfile", "packfile"),
    getPackfile: getOf("GetPackfile", "packfile"),
    getPackfileBlob: ({ mac, offset, length }, context) => {
      const rpc = "GetPackfileBlob";
      const target = () =>
        ({ kind: "packfile", mac: macOf(rpc, mac?.value), range: rangeOf(rpc, offset, length) }) as const;
      return get(calls, rpc, target, context);
    },
    deletePackfile: deleteOf("DeletePackfile", "packfile"),

    getLocks: listOf("GetLocks", "lock"),
    putLock: putOf("PutLock", "lock"),
    getLock: getOf("GetLock", "lock"),
    deleteLock: deleteOf("DeleteLock", "lock"),
  };
}

type PutRequest = wire.PutStateRequest | wire.PutPackfileRequest | wire.PutLockRequest;
type MacRequest = Pick<wire.GetStateRequest, "mac">;

function readPut({ mac, chunk }: PutRequest): PutMessage {
  return { mac: mac?.value, chunk };
}
