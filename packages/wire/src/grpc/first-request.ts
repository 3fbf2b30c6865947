import type { FirstRequest, ServedService, Services } from "./server.js";

/**
 * Returns a function that maps the first request of a connection to a value made from its services. The value is
 * computed once. If that fails, every later request gets the same error.
 *
 * @param make - Called once, with the list of services.
 */
export function decidedByFirst<T>(
  services: Services,
  make: (list: readonly ServedService[]) => T,
): (first: FirstRequest) => T {
  if (typeof services !== "function") {
    const made = make(services);
    return () => made;
  }
  let made: (() => T) | undefined;
  return (first) => {
    made ??= attempt(() => make(services(first)));
    return made();
  };
}

/** Calls a function, and returns one that repeats its outcome, whether a value or an error. */
function attempt<T>(make: () => T): () => T {
  try {
    const value = make();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
