import { MAX_QUOTED_LENGTH } from "../http2/limits.js";
import type { ServedService } from "./server.js";

/** Shortens a text from the host before a status repeats it: a status too long for a header ends the connection. */
export function quoted(text: string): string {
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
}

/** The kinds of connectors, by the name of their service on the wire in any generation. */
const KINDS = new Map([
  ["importer.Importer", "an importer"],
  ["exporter.Exporter", "an exporter"],
  ["plakar.exporter.Exporter", "an exporter"],
  ["store.Store", "a storage"],
  ["secret_provider.SecretProvider", "a secret provider"],
  ["inventory.Inventory", "an inventory"],
]);

/**
 * Returns the error text for a path that is not served: in the wording of grpc-go, except if the plugin has another kind
 * of connector than the host asks for.
 */
export function notServed(services: readonly ServedService[], path: string): string {
  const [, service = "", method = ""] = quoted(path).split("/");
  if (services.some((served) => served.service.typeName === service)) {
    return `unknown method ${method} for service ${service}`;
  }
  const wanted = KINDS.get(service);
  const kinds = services.flatMap(({ service: { typeName } }) => KINDS.get(typeName) ?? []);
  // The same kind in another generation, if the user has chosen one, is an unknown service.
  if (wanted === undefined || kinds.length === 0 || kinds.includes(wanted)) return `unknown service ${service}`;
  return `this plugin is ${kinds.join(" and ")}; the host asked for ${wanted}`;
}

/**
 * Returns the error text for a call with this `grpc-encoding`; undefined if it is not compressed. Servers offer no
 * compression.
 */
export function compressed(encoding: string | undefined): string | undefined {
  if (encoding === undefined || encoding === "identity") return undefined;
  return `the host compresses with ${JSON.stringify(quoted(encoding))}, but the plugin offers no compression`;
}
