import type { ConnectorType } from "../project.js";
import { isConnectorType } from "./manifest.js";

/** A location to check connectors with. */
export interface GivenLocation {
  /** The only type of connectors to check with it. Absent for all types. */
  readonly type?: ConnectorType;
  /** `<protocol>://<rest>`. `{directory}` becomes a new empty folder, `{unique}` a new name. */
  readonly location: string;
}

/**
 * Reads `TYPE=LOCATION` or `LOCATION`.
 *
 * @throws RangeError if the location has no protocol.
 */
export function parseLocation(text: string): GivenLocation {
  const at = text.indexOf("=");
  const type = text.slice(0, Math.max(at, 0));
  const given = isConnectorType(type) ? { type, location: text.slice(at + 1) } : { location: text };
  if (!/^[^:/]+:\/\//.test(given.location))
    throw new RangeError(`expected <protocol>://<rest>, or <type>=<protocol>://<rest>, got ${JSON.stringify(text)}`);
  return given;
}

/** Returns the locations for a connector: those for its type, or else those for all types, of its protocols. */
export function locationsFor(
  { type, protocols }: { readonly type: string; readonly protocols: readonly string[] },
  given: readonly GivenLocation[],
): string[] {
  const fitting = given.filter(({ location }) => protocols.includes(location.slice(0, location.indexOf("://"))));
  const own = fitting.filter((each) => each.type === type);
  return (own.length > 0 ? own : fitting.filter((each) => each.type === undefined)).map(({ location }) => location);
}
