import { checkDeadline, settlesWithin } from "@kloset/wire/async";
import type { Awaitable, ConnectorContext } from "@kloset/model";
import { describe } from "../values/describe.js";
import type { Opened } from "./session.js";

/** Time limit for `close()` of a connector that failed to open, in milliseconds. */
const DEFAULT_FAILED_OPEN_CLOSE_MS = 10_000;

/** What every connector has. */
interface Connector {
  close(): Awaitable<void>;
}

/**
 * Constructs a connector and asks it who it is. When that fails the connector is
 * closed: nobody else will do it.
 *
 * @param what - What the factory must return, for errors, as "an importer".
 * @param ask - Answers what the session keeps.
 * @param failedOpenCloseMs - Time limit for that `close()`, in milliseconds, before the error is thrown.
 * @throws RangeError for a deadline that is NaN or negative; TypeError when the factory returns no object; what `factory` and `ask` throw.
 */
export async function openConnector<C extends Connector, T>(
  factory: (context: ConnectorContext) => Awaitable<C>,
  context: ConnectorContext,
  what: string,
  ask: (connector: C) => Awaitable<T>,
  failedOpenCloseMs = DEFAULT_FAILED_OPEN_CLOSE_MS,
): Promise<Opened<T>> {
  checkDeadline("failedOpenCloseMs", failedOpenCloseMs);
  const connector = await factory(context);
  if (!isObject(connector)) throw new TypeError(`the factory returned ${describe(connector)}: ${what} is needed`);
  try {
    return { value: await ask(connector), close: () => connector.close() };
  } catch (error) {
    await settlesWithin(closeFailed(connector), failedOpenCloseMs);
    throw error;
  }
}

/** Its own failure would hide the first, which is the one to tell. */
async function closeFailed(connector: Connector): Promise<void> {
  try {
    await connector.close();
  } catch {
    // There is a failure to tell already.
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
