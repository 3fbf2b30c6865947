import type { FirstRequest, ServedService, Services } from "./server.js";

/**
 * What is made of the services of a connection, once the first request has
 * decided about them. An error that is met then is met by every later request.
 *
 * @param make - Called once, with the list.
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

/** Calls once and remembers the outcome, be it a throw. */
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
