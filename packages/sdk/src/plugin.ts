import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { generationOfUserAgent, type Generation } from "@kloset/adapter";
import type { FirstRequest, ServedService } from "@kloset/connection";
import { exporterV1_0, exporterV1_1, newExporterSession, type ExporterFactory } from "@kloset/exporter";
import { importerV1_0, importerV1_1, newImporterSession, type ImporterFactory } from "@kloset/importer";
import * as v1_0 from "@kloset/protocol/v1.0";
import * as v1_1 from "@kloset/protocol/v1.1";
import { StoreSession, storeV1_0, storeV1_1, type StoreFactory } from "@kloset/storage";

export { chosenServer } from "./server.js";

/** The connectors of one plugin executable. Plakar starts a process of its own for each that it uses. */
export interface Connectors {
  readonly importer?: ImporterFactory | undefined;
  readonly exporter?: ExporterFactory | undefined;
  readonly storage?: StoreFactory | undefined;
}

/** Connectors, ready to be served. */
export interface Plugin {
  /** What to serve to the host that sends this first request. */
  services(first: FirstRequest): readonly ServedService[];
  /** The host has gone: aborts what runs. */
  abort(): void;
  /** The host has gone: closes the connectors that were opened and not closed. */
  close(): Promise<void>;
}

/**
 * Makes one author object serve both generations.
 *
 * @param chosen - Serves this generation whatever the host looks like.
 */
export function pluginOf(connectors: Connectors, chosen?: Generation): Plugin {
  const sessions: { end(): Promise<void>; abort(): void }[] = [];
  const services: Record<Generation, ServedService[]> = { "v1.0": [], "v1.1": [] };
  if (connectors.importer !== undefined) {
    const session = newImporterSession();
    sessions.push(session);
    services["v1.0"].push(served(v1_0.importer.Importer, importerV1_0(connectors.importer, session)));
    services["v1.1"].push(served(v1_1.importer.Importer, importerV1_1(connectors.importer, session)));
  }
  if (connectors.exporter !== undefined) {
    const session = newExporterSession();
    sessions.push(session);
    services["v1.0"].push(served(v1_0.exporter.Exporter, exporterV1_0(connectors.exporter, session)));
    services["v1.1"].push(served(v1_1.exporter.Exporter, exporterV1_1(connectors.exporter, session)));
  }
  if (connectors.storage !== undefined) {
    const session = new StoreSession();
    sessions.push(session);
    services["v1.0"].push(served(v1_0.store.Store, storeV1_0(connectors.storage, session)));
    services["v1.1"].push(served(v1_1.store.Store, storeV1_1(connectors.storage, session)));
  }
  return {
    services: (first) => services[chosen ?? generationOf(first, services)],
    abort: () => {
      for (const session of sessions) session.abort();
    },
    close: () => endAll(sessions),
  };
}

/** Checked here, where the service's type is known; forgotten beyond. */
function served<S extends DescService>(service: S, implementation: ServiceImpl<S>): ServedService {
  return { service, implementation: implementation as ServedService["implementation"] };
}

/**
 * A path that only one generation has tells it for certain, whoever the client
 * is; where both have it, the client's name must tell.
 */
function generationOf(first: FirstRequest, services: Readonly<Record<Generation, readonly ServedService[]>>): Generation {
  const inV1_0 = hasPath(services["v1.0"], first.path);
  const inV1_1 = hasPath(services["v1.1"], first.path);
  if (inV1_0 !== inV1_1) return inV1_0 ? "v1.0" : "v1.1";
  return generationOfUserAgent(first.userAgent);
}

function hasPath(services: readonly ServedService[], path: string): boolean {
  return services.some(({ service }) => service.methods.some(({ name }) => path === `/${service.typeName}/${name}`));
}

/** Ends every session, and only then tells what failed. */
async function endAll(sessions: readonly { end(): Promise<void> }[]): Promise<void> {
  const outcomes = await Promise.allSettled(sessions.map((session) => session.end()));
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures);
}
