import type { ByteStream, Exporter } from "@kloset/sdk";
import type { AuthorSpec } from "./input.js";
import type { Temper } from "./temper.js";
import type { Tracker } from "./tracker.js";

/**
 * An exporter that keeps nothing but account of itself.
 *
 * @param root - Where hosts restore to: those of v1.0 name everything below it.
 */
export function trackedExporter(root: string, spec: AuthorSpec, temper: Temper, tracker: Tracker): Exporter {
  const act = (what: string) => (): Promise<void> => temper.call(what, ignore);
  const closed = tracker.opened("exporter");
  return {
    root: () => temper.call("root", () => root),
    createDirectory: act("createDirectory"),
    storeFile: (_pathname, data, _size, signal) =>
      temper.call(
        "storeFile",
        async () => {
          await take(data, temper);
        },
        signal,
      ),
    setPermissions: act("setPermissions"),
    close: () => {
      closed();
      return temper.call("close", ignore);
    },
    ...(spec.full && {
      createLink: act("createLink"),
      createSpecial: act("createSpecial"),
      setExtendedAttribute: act("setExtendedAttribute"),
      ping: act("ping"),
    }),
  };
}

/** Reads content as authors do: mostly to its end, slowly at times, and sometimes not all of it. */
export async function take(data: ByteStream, temper: Temper): Promise<number> {
  let bytes = 0;
  const patience = temper.random.chance(0.05) ? temper.random.below(3) : Infinity;
  let chunks = 0;
  for await (const chunk of data) {
    bytes += chunk.length;
    await temper.mood("reading");
    if (++chunks > patience) break;
  }
  return bytes;
}

function ignore(): void {
  // A call that does nothing.
}
