import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { importerTable } from "@kloset/protocol/tables/v1.1/importer";
import { storeTable } from "@kloset/protocol/tables/v1.1/store";
import { importer, store } from "@kloset/protocol/v1.1";
import type { ServedService, ServiceTable } from "@kloset/wire/grpc";

/** The methods of the store: they include unary, client-streaming and server-streaming ones. */
export const storeMethods = store.Store.method;
/** A bidirectional streaming method. */
export const importMethod = importer.Importer.method.import;

/** Serves some methods of the store, on any server. */
export function servedStore(implementation: Partial<ServiceImpl<typeof store.Store>>): ServedService {
  return { service: withDescriptor(storeTable, store.Store), implementation };
}

/** Serves some methods of the importer, on any server. */
export function servedImporter(implementation: Partial<ServiceImpl<typeof importer.Importer>>): ServedService {
  return { service: withDescriptor(importerTable, importer.Importer), implementation };
}

/** Adds the descriptor, which the Connect server uses. The framed server uses the generated table. */
function withDescriptor(table: ServiceTable, descriptor: DescService): ServiceTable {
  return { ...table, descriptor } as ServiceTable;
}
