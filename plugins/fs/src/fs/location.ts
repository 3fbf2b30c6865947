import { existsSync } from "node:fs";
import { posix } from "node:path";
import { pathOfLocation, type ConnectorContext } from "@kloset/sdk";

/** A user with a password, as in a URL: "alice:password@host". */
const CREDENTIALS = /(?<=(?:^|\/)[^/:@]+:)[^/@]+(?=@[^/@]+(?:\/|$))/g;

/**
 * @returns The directory of a location: absolute, without ".", ".." and trailing slash.
 * @throws Error if it is not absolute. Hosts make relative locations absolute (the
 * manifest says `localfs`), and the plugin does not run in the user's directory. Error
 * without the password if it contains one, as "alice:password@host", and does not exist:
 * a host makes such a URL absolute, too, and later errors would contain the path.
 */
export function directoryOf(context: Pick<ConnectorContext, "location" | "protocol">): string {
  const path = pathOfLocation(context.location, context.protocol);
  const shown = JSON.stringify(context.location.replace(CREDENTIALS, "***"));
  if (!posix.isAbsolute(path)) {
    throw new Error(`the location must be an absolute path such as ${context.protocol}:///dir, got ${shown}`);
  }
  if (path.includes("\0")) throw new Error(`the location must not contain a NUL, got ${shown}`);
  const clean = posix.normalize(path);
  const directory = clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
  if (directory.search(CREDENTIALS) !== -1 && !existsSync(directory)) {
    throw new Error(`the location must be a path on this machine, without user and host, got ${shown}`);
  }
  return directory;
}
