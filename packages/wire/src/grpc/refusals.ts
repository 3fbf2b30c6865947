import { MAX_QUOTED_LENGTH } from "../http2/limits.js";
import type { ServedService } from "./server.js";

/** Shortens a text from the host before a status repeats it: a status too long for a header ends the connection. */
export function quoted(text: string): string {
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
}

/** Returns the error text for a path that is not served, in the wording of grpc-go. */
export function notServed(services: readonly ServedService[], path: string): string {
  const [, service = "", method = ""] = quoted(path).split("/");
  return services.some((served) => served.service.typeName === service)
    ? `unknown method ${method} for service ${service}`
    : `unknown service ${service}`;
}

/**
 * Returns the error text for a call with this `grpc-encoding`; undefined if it is not compressed. Servers offer no
 * compression.
 */
export function compressed(encoding: string | undefined): string | undefined {
  if (encoding === undefined || encoding === "identity") return undefined;
  return `the host compresses with ${JSON.stringify(quoted(encoding))}, but the plugin offers no compression`;
}
