import { serveWithConnect, type ServePluginOptions } from "@kloset/connection";
import { serveFramed } from "@kloset/server";

/** The environment variable that chooses the server. */
export const serverVariable = "KLOSET_SERVER";

/** What serves the connection: Connect's handlers on Node's HTTP/2, or HTTP/2 framed by hand, which is faster. */
export type ServerName = "connect" | "framed";

/**
 * The server that the environment asks for.
 *
 * @returns Default: Connect's.
 * @throws Error when `KLOSET_SERVER` is neither "connect" nor "framed".
 */
export function chosenServer(env: Readonly<Record<string, string | undefined>> = process.env): NonNullable<ServePluginOptions["serve"]> {
  const name = env[serverVariable];
  if (name === undefined || name === "" || name === "connect") return serveWithConnect;
  if (name === "framed") return serveFramed;
  throw new Error(`${serverVariable} is ${JSON.stringify(name)}; it can be "connect" or "framed"`);
}
