import { serveWithConnect, type Serve, type ServePluginOptions } from "@kloset/connection";

/** The environment variable that chooses the server. */
export const serverVariable = "KLOSET_SERVER";

/**
 * The server that the environment asks for: "connect", Connect's handlers on
 * Node's HTTP/2, or "framed", HTTP/2 framed by hand, which is loaded only then.
 *
 * @returns Default: Connect's.
 * @throws Error when `KLOSET_SERVER` is neither "connect" nor "framed".
 */
export function chosenServer(
  env: Readonly<Record<string, string | undefined>> = process.env,
): NonNullable<ServePluginOptions["serve"]> {
  const name = env[serverVariable];
  if (name === undefined || name === "" || name === "connect") return serveWithConnect;
  if (name === "framed") return loadFramed();
  throw new Error(`${serverVariable} is ${JSON.stringify(name)}; it can be "connect" or "framed"`);
}

async function loadFramed(): Promise<Serve> {
  return (await import("@kloset/server")).serveFramed;
}
