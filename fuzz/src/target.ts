import type { Duplex } from "node:stream";
import type { Serve } from "@kloset/connection";
import { chosenServer, pluginOf, type Connectors } from "@kloset/sdk/plugin";
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

/** The server that `KLOSET_SERVER` asks for, or the SDK's own choice. */
const server = await chosenServer();

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

/** The SDK, as a plugin's process has it, served over any duplex. */
export function sdkTarget(serve: Serve = server): Target {
  return (duplex, author, tracker) => {
    const plugin = pluginOf(trackedConnectors(author, tracker));
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
