import { existsSync } from "node:fs";
import { posix } from "node:path";
import { pathOfLocation, type ConnectorContext } from "@kloset/sdk";

/** A component of a path like "alice:password@host". */
const CREDENTIALS = /(?:^|\/)[^/:@]+:[^/@]+@[^/@]+(?:\/|$)/;

/**
 * @returns The directory of a location: absolute, without ".", ".." and trailing slash.
 * @throws Error if it is not absolute. Hosts make relative locations absolute (the
 * manifest says `localfs`), and the plugin does not run in the user's directory. Error
 * if it contains a password, as "alice:password@host", and does not exist: hosts make
 * such a URL absolute, too, and later errors would contain the path.
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
  if (CREDENTIALS.test(clean) && !existsSync(clean)) {
    throw new Error(
      `the location must be a path on this machine, without user and host, got ${shown(context.location)}`,
    );
  }
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}

/** Replaces what may be a secret in a location that is meant for another plugin: a user and a password, and a query. */
function shown(location: string): string {
  const withoutUser = location.replace(/^([^:]*:\/\/)[^]*@/, "$1***@");
  return JSON.stringify(withoutUser.replace(/([?&;#][^=&;#]*=)[^&;#]*/g, "$1***"));
}
