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
import { trackedExporter } from "./author-exporter.js";
import { trackedImporter } from "./author-importer.js";
import { trackedStore } from "./author-store.js";
import type { AuthorSpec } from "./input.js";
import { Temper } from "./temper.js";
import type { Tracker } from "./tracker.js";

/** A plugin that serves one connection. */
export interface Running {
  /** Settles when the connection has ended. */
  readonly closed: Promise<unknown>;
  /** What a plugin does when its host has gone: aborts, and closes its connectors. */
  finish(): Promise<void>;
}

/** What is tried: serves a connection with authors who keep account. */
export type Target = (duplex: Duplex, author: AuthorSpec, tracker: Tracker) => Running;

/** The three connectors that every input meets. */
export function trackedConnectors(spec: AuthorSpec, tracker: Tracker): Connectors {
  const temper = new Temper(spec, tracker);
  return {
    importer: () => temper.call("new importer", () => trackedImporter(spec, temper, tracker)),
    exporter: ({ location }) =>
      temper.call("new exporter", () => trackedExporter(location || "/srv/out", spec, temper, tracker)),
    storage: () => temper.call("new store", () => trackedStore(spec, temper, tracker)),
  };
}

/** Loaded before the first input: what serves must not wait. */
const loaded = { framed: await load("framed"), connect: await load("connect") };

/** The SDK, as a plugin's process has it, served over any duplex by one of its servers, or by another. */
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
