import { checkGeneration, generationOfUserAgent, type Generation } from "@kloset/adapter";
import type { FirstRequest, ServedService } from "@kloset/wire/grpc";
import type { Connector } from "./connectors.js";
import type { ServedConnector } from "./kinds/kind.js";
import type { LoadedServer } from "./server.js";

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
 * Loads what serves connectors, and makes one author object serve both generations.
 *
 * @param server - Goes by its own tables.
 * @param chosen - Serves this generation whatever the host looks like.
 */
export async function loadPlugin(
  connectors: readonly Connector[],
  { tables }: Pick<LoadedServer, "tables">,
  chosen?: Generation,
): Promise<Plugin> {
  const served: ServedConnector[] = [];
  for (const connector of connectors) {
    const serve = await connector.load();
    served.push(serve(await tables(connector)));
  }
  return pluginOf(served, chosen);
}

/**
 * Makes a plugin of connectors that are ready.
 *
 * @param chosen - Serves this generation whatever the host looks like.
 * @throws Error when it is none.
 */
export function pluginOf(served: readonly ServedConnector[], chosen?: Generation): Plugin {
  checkGeneration(chosen);
  const sessions = served.map(({ session }) => session);
  const services = {
    "v1.0": served.map((one) => one.services["v1.0"]),
    "v1.1": served.map((one) => one.services["v1.1"]),
  };
  return {
    services: (first) => services[chosen ?? generationOf(first, services)],
    abort: () => {
      for (const session of sessions) session.abort();
    },
    close: () => endAll(sessions),
  };
}

/**
 * A path that only one generation has tells it for certain, whoever the client
 * is; where both have it, the client's name must tell.
 */
function generationOf(
  first: FirstRequest,
  services: Readonly<Record<Generation, readonly ServedService[]>>,
): Generation {
  const inV1_0 = hasPath(services["v1.0"], first.path);
  const inV1_1 = hasPath(services["v1.1"], first.path);
  if (inV1_0 !== inV1_1) return inV1_0 ? "v1.0" : "v1.1";
  return generationOfUserAgent(first.userAgent);
}

function hasPath(services: readonly ServedService[], path: string): boolean {
  return services.some(({ service }) => service.methods.some((method) => method.path === path));
}

/** Ends every session, and only then tells what failed. */
async function endAll(sessions: readonly { end(): Promise<void> }[]): Promise<void> {
  const outcomes = await Promise.allSettled(sessions.map((session) => session.end()));
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures);
}
