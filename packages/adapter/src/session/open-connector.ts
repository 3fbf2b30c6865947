import { checkDeadline, settlesWithin } from "@kloset/wire/async";
import type { Awaitable, InitContext } from "@kloset/model";
import { InvalidValue } from "@kloset/wire/grpc";
import { describe } from "../values/describe.js";
import { checkMethods, type Methods } from "./methods.js";
import { noticeOnce } from "./notice.js";
import type { Opened } from "./session.js";

/** Time limit for `close()` of a connector that failed to open, in milliseconds. */
const DEFAULT_FAILED_OPEN_CLOSE_MS = 10_000;

/** The method that every connector has. */
interface Connector {
  close(): Awaitable<void>;
}

/**
 * Constructs a connector, checks its methods, and asks for its identity. Closes the connector if that fails.
 *
 * @param methods - The methods that the connector needs and may have.
 * @param ask - Returns the value that the session keeps.
 * @param failedOpenCloseMs - Time limit for `close()` after a failure, in milliseconds, before the error is thrown.
 * @throws RangeError for a deadline that is NaN or negative; InvalidValue when the factory is not a function, is a class,
 *   or does not return an object with the required methods; what `factory` and `ask` throw.
 */
export async function openConnector<Context extends InitContext, C extends Connector, T>(
  factory: (context: Context) => Awaitable<C>,
  context: Context,
  methods: Methods,
  ask: (connector: C) => Awaitable<T>,
  failedOpenCloseMs = DEFAULT_FAILED_OPEN_CLOSE_MS,
): Promise<Opened<T>> {
  checkDeadline("failedOpenCloseMs", failedOpenCloseMs);
  checkFactory(factory);
  const connector = await factory(context);
  if (!isObject(connector)) {
    throw new InvalidValue(`the factory returned ${describe(connector)}: ${methods.kind} is needed`);
  }
  try {
    checkMethods(connector, methods);
    return { value: await ask(connector), close: () => connector.close() };
  } catch (error) {
    if (!(await settlesWithin(closeFailed(connector), failedOpenCloseMs))) {
      noticeOnce(`close() has not finished after ${failedOpenCloseMs / 1000} s; Init fails without waiting for it`);
    }
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

/** Rejects a class, which cannot be called, and anything else that is not a function. */
function checkFactory(factory: unknown): void {
  if (typeof factory !== "function") {
    throw new InvalidValue(
      `the factory is ${describe(factory)}: a function is needed, such as (c) => new MyConnector(c)`,
    );
  }
  // Only the prototype of a class is read-only.
  if (Object.getOwnPropertyDescriptor(factory, "prototype")?.writable !== false) return;
  const name = factory.name || "MyConnector";
  throw new InvalidValue(
    `the factory is the class ${name}, which cannot be called: did you mean (c) => new ${name}(c)?`,
  );
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
