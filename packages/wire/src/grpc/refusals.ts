import { MAX_QUOTED_LENGTH } from "../http2/limits.js";
import type { ServedService } from "./server.js";

/** As much of what a host has sent as a text repeats: a status that is too long for a header takes the connection with it. */
export function quoted(text: string): string {
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
}

/** Why a path is not served, as grpc-go words it. */
export function notServed(services: readonly ServedService[], path: string): string {
  const [, service = "", method = ""] = quoted(path).split("/");
  return services.some((served) => served.service.typeName === service)
    ? `unknown method ${method} for service ${service}`
    : `unknown service ${service}`;
}

/**
 * Why a call with this `grpc-encoding` is not answered.
 *
 * @returns undefined when it is not compressed, as it should be: no compression is offered.
 */
export function compressed(encoding: string | undefined): string | undefined {
  if (encoding === undefined || encoding === "identity") return undefined;
  return `the host compresses with ${JSON.stringify(quoted(encoding))}, and no compression was offered`;
}
