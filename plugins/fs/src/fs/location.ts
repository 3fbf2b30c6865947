import { posix } from "node:path";
import { pathOfLocation, type ConnectorContext } from "@kloset/sdk";

/**
 * @returns The directory of a location: absolute, without ".", ".." and trailing slash.
 * @throws Error if it is not absolute. Hosts make relative locations absolute (the
 * manifest says `localfs`), and the plugin does not run in the user's directory.
 */
export function directoryOf(context: Pick<ConnectorContext, "location" | "protocol">): string {
  const path = pathOfLocation(context.location, context.protocol);
  if (!posix.isAbsolute(path)) {
    throw new Error(
      `the location must be an absolute path such as ${context.protocol}:///dir, got ${shown(context.location)}`,
    );
  }
  if (path.includes("\0")) throw new Error(`the location must not contain a NUL, got ${shown(context.location)}`);
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}

/** Replaces what may be a secret in a location that is meant for another plugin: a user and a password, and a query. */
function shown(location: string): string {
  const withoutUser = location.replace(/^([^:]*:\/\/)[^]*@/, "$1***@");
  return JSON.stringify(withoutUser.replace(/([?&;#][^=&;#]*=)[^&;#]*/g, "$1***"));
}
