import type { Serve, ServeDescriptors } from "@kloset/connection";
import { codecTables, descriptorTables, type LoadTables } from "./tables.js";

/** The environment variable that chooses the server. */
export const serverVariable = "KLOSET_SERVER";

/** The servers that there are: HTTP/2 framed by hand, and Connect's handlers on Node's HTTP/2. */
export const serverNames = ["framed", "connect"] as const;

/** One of {@link serverNames}. */
export type ServerName = (typeof serverNames)[number];

/** A server, and the tables that it goes by. */
export interface LoadedServer {
  readonly serve: Serve;
  readonly serveDescriptors: ServeDescriptors;
  readonly tables: LoadTables;
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
    return { serve: serveFramed, serveDescriptors: serveFramedDescriptors, tables: codecTables };
  }
  const { overDuplex, serveWithConnect } = await import("@kloset/connection/connect");
  return { serve: serveWithConnect, serveDescriptors: overDuplex(serveWithConnect), tables: descriptorTables };
}
