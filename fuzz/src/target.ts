import type { Duplex } from "node:stream";
import type { Serve } from "@kloset/wire/grpc";
import {
  chosenServer,
  loadEmbedding,
  loadServer,
  type Connectors,
  type Embed,
  type ServerName,
} from "@kloset/sdk/embedding";
import { trackedInventory, trackedSecretProvider } from "./author-control-plane.js";
import { trackedExporter } from "./author-exporter.js";
import { trackedImporter } from "./author-importer.js";
import { trackedStore } from "./author-store.js";
import type { AuthorSpec } from "./input.js";
import { FaultInjector } from "./fault-injector.js";
import type { Tracker } from "./tracker.js";

/** A plugin that serves one connection. */
export interface Running {
  /** Settles when the connection has ended. */
  readonly closed: Promise<unknown>;
  /** Aborts the calls and closes the connectors, as a plugin does after its host has disconnected. */
  finish(): Promise<void>;
}

/** The subject of a test: serves a connection with tracked connectors. */
export type Target = (duplex: Duplex, author: AuthorSpec, tracker: Tracker) => Running;

/** Makes the connectors for an input, one of each kind. */
export function trackedConnectors(spec: AuthorSpec, tracker: Tracker): Connectors {
  const injector = new FaultInjector(spec, tracker);
  return {
    importer: () => injector.call("new importer", () => trackedImporter(spec, injector, tracker)),
    exporter: ({ location }) =>
      injector.call("new exporter", () => trackedExporter(rootOf(location), spec, injector, tracker)),
    storage: () => injector.call("new store", () => trackedStore(spec, injector, tracker)),
    secretProvider: () => injector.call("new secret provider", () => trackedSecretProvider(injector, tracker)),
    inventory: () => injector.call("new inventory", () => trackedInventory(injector, tracker)),
  };
}

/** Returns the path of a location, which may be garbage. */
function rootOf(location: string): string {
  const { path = "/srv/out" } = /^[a-z]+:\/\/(?<path>(?:\/[a-z0-9]+)+)$/.exec(location)?.groups ?? {};
  return path;
}

/** Loaded before the first input: serving is synchronous. */
const loaded = { framed: await load("framed"), connect: await load("connect") };

/** Makes a target of the SDK as in a plugin process, served over any duplex by one of its servers or by another one. */
export function sdkTarget(server: ServerName | Serve = chosenServer()): Target {
  const { serve, embed } = typeof server === "string" ? loaded[server] : { ...loaded.connect, serve: server };
  return (duplex, author, tracker) => {
    const plugin = embed(trackedConnectors(author, tracker));
    const { closed } = serve(duplex, { services: (first) => plugin.services(first) });
    return {
      closed,
      async finish() {
        plugin.abort();
        await plugin.close();
      },
    };
  };
}

async function load(name: ServerName): Promise<{ readonly serve: Serve; readonly embed: Embed }> {
  const { serve } = await loadServer(name);
  return { serve, embed: await loadEmbedding(name) };
}
