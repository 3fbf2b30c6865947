import {
  Mac,
  MAC_LENGTH,
  type ByteSource,
  type ByteStream,
  type CallContext,
  type ResourceStore,
  type Store,
  type StoreBase,
} from "@kloset/sdk";
import { consume } from "./author-exporter.js";
import type { AuthorSpec } from "./input.js";
import type { FaultInjector } from "./fault-injector.js";
import type { Tracker } from "./tracker.js";

/** Bytes of every resource. Uploads are discarded, so that memory does not grow with the inputs. */
const RESOURCE_LENGTH = 5000;

/** Makes a store in memory, of either shape, that reports its calls to the tracker. */
export function trackedStore(spec: AuthorSpec, injector: FaultInjector, tracker: Tracker): Store | ResourceStore {
  const closed = tracker.opened("store");
  const base: StoreBase = {
    create: () => injector.call("create", ignore),
    open: () => injector.call("open", () => Buffer.from("configuration")),
    location: () => injector.call("location", () => "fuzz:///store"),
    mode: () => injector.call("mode", () => 6),
    size: () => injector.call("size", () => 1234),
    close: () => {
      closed();
      return injector.call("close", ignore);
    },
    ...(spec.full && { ping: () => injector.call("ping", ignore), root: () => "/store", flags: () => 0 }),
  };
  const list = (): Promise<Iterable<Mac>> => injector.call("list", () => macs);
  const put = (data: ByteStream): Promise<number> => injector.call("put", () => consume(data, injector));
  const get = (signal: AbortSignal, offset = 0, length = Infinity): Promise<ByteSource> =>
    injector.call("get", () => injector.stream("read", signal, () => part(offset, length)), signal);
  const remove = (): Promise<void> => injector.call("delete", ignore);
  if (spec.resourceStore) {
    return {
      ...base,
      list,
      put: (_kind, _mac, data) => put(data),
      get: (_kind, _mac, { range, signal }) => get(signal, range?.offset, range?.length),
      delete: remove,
    };
  }
  const getOne = (_mac: Mac, { signal }: CallContext): Promise<ByteSource> => get(signal);
  const putOne = (_mac: Mac, data: ByteStream): Promise<number> => put(data);
  return {
    ...base,
    getStates: list,
    putState: putOne,
    getState: getOne,
    deleteState: remove,
    getPackfiles: list,
    putPackfile: putOne,
    getPackfile: getOne,
    getPackfileBlob: (_mac, offset, length, { signal }) => get(signal, offset, length),
    deletePackfile: remove,
    getLocks: list,
    putLock: putOne,
    getLock: getOne,
    deleteLock: remove,
  };
}

const macs = [1, 2, 3].map((fill) => Mac.fromBytes(new Uint8Array(MAC_LENGTH).fill(fill)));

async function* part(offset: number, length: number): AsyncGenerator<Uint8Array> {
  const end = Math.min(RESOURCE_LENGTH, offset + length);
  for (let at = offset; at < end; at += 2048) yield Buffer.alloc(Math.min(2048, end - at), 0x62);
}

function ignore(): void {
  // Intentionally empty.
}
