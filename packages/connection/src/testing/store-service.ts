import type { ServiceImpl } from "@connectrpc/connect";
import { importer, store } from "@kloset/protocol/v1.1";
import { servedBy } from "../described.js";
import type { ServedService } from "../server.js";

/** A service with a unary, a client-streaming and a server-streaming method. */
export const storeMethods = store.Store.method;
/** Its bidirectional streaming counterpart. */
export const importMethod = importer.Importer.method.import;

/** Serves some methods of the store. */
export function servedStore(implementation: Partial<ServiceImpl<typeof store.Store>>): ServedService {
  return servedBy(store.Store, implementation);
}

/** Serves some methods of the importer. */
export function servedImporter(implementation: Partial<ServiceImpl<typeof importer.Importer>>): ServedService {
  return servedBy(importer.Importer, implementation);
}
