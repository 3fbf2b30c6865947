import { checkGeneration, generationOfUserAgent, type Generation } from "@kloset/adapter";
import type { FirstRequest, ServedService } from "@kloset/wire/grpc";
import type { Connector } from "./connectors.js";
import type { ServedConnector } from "./kinds/kind.js";
import type { ServerName } from "./server.js";

/** The connectors of one connection, ready to be served. */
export interface Plugin {
  /** Returns the services of the generation that the host speaks, judging by its first request. */
  services(first: FirstRequest): readonly ServedService[];
  /** Aborts running calls. Called when the host has gone. */
  abort(): void;
  /** Closes the connectors that were opened and not closed. Called when the host has gone. */
  close(): Promise<void>;
}

/**
 * Loads connectors for one server.
 *
 * @param chosen - Always serves this generation, whatever the host appears to be.
 */
export async function loadPlugin(
  connectors: readonly Connector[],
  server: ServerName,
  chosen?: Generation,
): Promise<Plugin> {
  const served: ServedConnector[] = [];
  for (const connector of connectors) served.push(await connector.load(server));
  return pluginOf(served, chosen);
}

/**
 * Combines loaded connectors into a plugin.
 *
 * @param chosen - Always serves this generation, whatever the host appears to be.
 * @throws Error for an unknown generation.
 */
export function pluginOf(served: readonly ServedConnector[], chosen?: Generation): Plugin {
  checkGeneration(chosen);
  const sessions = served.map(({ session }) => session);
  const services = {
    "v1.0": served.map((connector) => connector.services["v1.0"]),
    "v1.1": served.map((connector) => connector.services["v1.1"]),
  };
  return {
    services: (first) => services[chosen ?? generationOf(first, services)],
    abort: () => {
      for (const session of sessions) session.abort();
    },
    close: () => endAll(sessions),
  };
}

/** A path that exists in one generation only decides, whatever the client; otherwise the user agent decides. */
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

/** Ends every session before it throws the failures. */
async function endAll(sessions: readonly { end(): Promise<void> }[]): Promise<void> {
  const outcomes = await Promise.allSettled(sessions.map((session) => session.end()));
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures);
}
