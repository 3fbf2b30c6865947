import type { ByteStream, Exporter } from "@kloset/sdk";
import type { AuthorSpec } from "./input.js";
import type { FaultInjector } from "./fault-injector.js";
import type { Tracker } from "./tracker.js";

/**
 * Makes an exporter that discards everything and reports its calls to the tracker.
 *
 * @param root - The target of the restore; v1.0 hosts send all pathnames below it.
 */
export function trackedExporter(root: string, spec: AuthorSpec, injector: FaultInjector, tracker: Tracker): Exporter {
  const act = (what: string) => (): Promise<void> => injector.call(what, ignore);
  const closed = tracker.opened("exporter");
  return {
    root: () => injector.call("root", () => root),
    createDirectory: act("createDirectory"),
    storeFile: (_pathname, data, _size, { signal }) =>
      injector.call(
        "storeFile",
        async () => {
          await consume(data, injector);
        },
        signal,
      ),
    setPermissions: act("setPermissions"),
    close: () => {
      closed();
      return injector.call("close", ignore);
    },
    ...(spec.full && {
      createLink: act("createLink"),
      createSpecial: act("createSpecial"),
      setExtendedAttribute: act("setExtendedAttribute"),
      ping: act("ping"),
    }),
  };
}

/** Reads content as authors do: mostly to its end, sometimes slowly, sometimes only in part. */
export async function consume(data: ByteStream, injector: FaultInjector): Promise<number> {
  let bytes = 0;
  const maxChunks = injector.random.chance(0.05) ? injector.random.below(3) : Infinity;
  let chunks = 0;
  for await (const chunk of data) {
    bytes += chunk.length;
    await injector.inject("reading");
    if (++chunks > maxChunks) break;
  }
  return bytes;
}

function ignore(): void {
  // Intentionally empty.
}
