import { checkDeadline, settlesWithin } from "@kloset/wire/async";
import type { Awaitable, ConnectorContext } from "@kloset/model";
import { describe } from "../values/describe.js";
import type { Opened } from "./session.js";

/** Time limit for `close()` of a connector that failed to open, in milliseconds. */
const DEFAULT_FAILED_OPEN_CLOSE_MS = 10_000;

/** The method that every connector has. */
interface Connector {
  close(): Awaitable<void>;
}

/**
 * Constructs a connector and asks for its identity. Closes the connector if that fails.
 *
 * @param what - Names the expected result of the factory in errors, such as "an importer".
 * @param ask - Returns the value that the session keeps.
 * @param failedOpenCloseMs - Time limit for `close()` after a failure, in milliseconds, before the error is thrown.
 * @throws RangeError for a deadline that is NaN or negative; TypeError when the factory does not return an object; what
 *   `factory` and `ask` throw.
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

/** Ignores errors of `close()`, which would hide the first failure. */
async function closeFailed(connector: Connector): Promise<void> {
  try {
    await connector.close();
  } catch {
    // Intentionally empty.
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
