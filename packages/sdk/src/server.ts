import type { Serve, Services } from "@kloset/wire/grpc";
import type { ServeDescriptors } from "@kloset/process";
import type { Connector } from "./connectors.js";
import type { Tables } from "./kinds/kind.js";

/** The environment variable that chooses the server. */
export const serverVariable = "KLOSET_SERVER";

/** The servers that there are: HTTP/2 framed by hand, and Connect's handlers on Node's HTTP/2. */
export const serverNames = ["framed", "connect"] as const;

/** One of {@link serverNames}. */
export type ServerName = (typeof serverNames)[number];

/** A server, and the tables that it goes by. */
export interface LoadedServer {
  readonly serve: Serve;
  readonly serveDescriptors: ServeDescriptors<Services>;
  readonly tables: (connector: Pick<Connector, "kind" | "loadTables">) => Tables | Promise<Tables>;
}

/**
 * The server that the environment asks for: "framed" is made for this
 * connection; "connect", the reference, is there to fall back on.
 *
 * @returns Default: "framed".
 * @throws Error when `KLOSET_SERVER` is neither "framed" nor "connect".
 */
export function chosenServer(env: Readonly<Record<string, string | undefined>> = process.env): ServerName {
  const name = env[serverVariable];
  if (name === undefined || name === "") return "framed";
  const found = serverNames.find((one) => one === name);
  if (found !== undefined) return found;
  throw new Error(`${serverVariable} is ${JSON.stringify(name)}; it can be "framed" or "connect"`);
}

/** Loads a server, and nothing of the other. */
export async function loadServer(name: ServerName): Promise<LoadedServer> {
  if (name === "framed") {
    const { serveFramed, serveFramedDescriptors } = await import("@kloset/server");
    return { serve: serveFramed, serveDescriptors: serveFramedDescriptors, tables: ({ loadTables }) => loadTables() };
  }
  // By its public name: a bundler can keep so large a thing that is hardly ever used in a file of its own.
  const { serveReference, serveReferenceDescriptors, referenceTables } = await import("@kloset/sdk/reference");
  return {
    serve: serveReference,
    serveDescriptors: serveReferenceDescriptors,
    tables: ({ kind }) => referenceTables(kind),
  };
}
