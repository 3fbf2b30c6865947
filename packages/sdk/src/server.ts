import type { Serve, Services } from "@kloset/wire/grpc";
import type { ServeDescriptors } from "@kloset/process";

/** The environment variable that selects the server. */
const SERVER_VARIABLE = "KLOSET_SERVER";

/** The names of the servers: the SDK's own HTTP/2 server, and Connect's handlers on `node:http2`. */
export const serverNames = ["framed", "connect"] as const;

/** One of {@link serverNames}. */
export type ServerName = (typeof serverNames)[number];

/** A loaded server. */
export interface LoadedServer {
  readonly serve: Serve;
  readonly serveDescriptors: ServeDescriptors<Services>;
}

/**
 * Returns the name of the server that the environment selects: "framed" is built
 * for a plugin's connection; "connect" is the reference, kept as a fallback.
 *
 * @returns "framed" by default.
 * @throws Error if `KLOSET_SERVER` is neither "framed" nor "connect".
 */
export function chosenServer(env: Readonly<Record<string, string | undefined>> = process.env): ServerName {
  const value = env[SERVER_VARIABLE];
  if (value === undefined || value === "") return "framed";
  const name = serverNames.find((known) => known === value);
  if (name !== undefined) return name;
  throw new Error(`${SERVER_VARIABLE} must be "framed" or "connect", got ${JSON.stringify(value)}`);
}

/** Loads one server and nothing of the other. */
export async function loadServer(name: ServerName): Promise<LoadedServer> {
  if (name === "framed") {
    const { serveFramed, serveFramedDescriptors } = await import("@kloset/server");
    return { serve: serveFramed, serveDescriptors: serveFramedDescriptors };
  }
  // Imported by its public name, so that a bundler can keep this large, rarely used module in a separate file.
  const { serveReference, serveReferenceDescriptors } = await import("@kloset/sdk/reference");
  return { serve: serveReference, serveDescriptors: serveReferenceDescriptors };
}
