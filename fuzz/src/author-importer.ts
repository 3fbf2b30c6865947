import { fileInfoOf, type CallContext, type Entry, type EntryRef, type Importer } from "@kloset/sdk";
import type { AuthorSpec } from "./input.js";
import type { FaultInjector } from "./fault-injector.js";
import type { Tracker } from "./tracker.js";

/** The sizes of files by pathname. The transcripts open the same names. */
const contents: Readonly<Record<string, number>> = {
  "/srv/ds/a.txt": 6,
  "/srv/ds/hard": 6,
  "/srv/ds/big.bin": 150_000,
  "/srv/ds/sub/empty": 0,
  "/srv/ds/sub/deep/été.txt": 3000,
};

/** Makes an importer in memory that reports its calls to the tracker. */
export function trackedImporter(spec: AuthorSpec, injector: FaultInjector, tracker: Tracker): Importer {
  const read = (pathname: string, signal: AbortSignal): AsyncIterable<Uint8Array> =>
    injector.stream(`read ${pathname}`, signal, () => content(contents[pathname] ?? 4));
  const closed = tracker.opened("importer");
  return {
    origin: () => injector.call("origin", () => "vm"),
    type: () => "fuzz",
    root: () => "/srv",
    scan: ({ signal }) => injector.stream("scan", signal, () => entries(spec, read)),
    close: () => {
      closed();
      return injector.call("close", ignore);
    },
    ...(spec.opensByName && {
      open: ({ pathname }: EntryRef, { signal }: CallContext) =>
        injector.call("open", () => read(pathname, signal), signal),
    }),
    ...(spec.full && {
      acknowledge: () => injector.call("acknowledge", ignore),
      ping: () => injector.call("ping", ignore),
      flags: () => 1,
    }),
  };
}

async function* entries(
  spec: AuthorSpec,
  read: (pathname: string, signal: AbortSignal) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Entry> {
  yield* ["/", "/srv", "/srv/ds", "/srv/ds/sub", "/srv/ds/sub/deep"].map((pathname) => ({
    pathname,
    fileInfo: fileInfoOf({ type: "directory" }),
  }));
  for (const [pathname, size] of Object.entries(contents)) {
    yield {
      pathname,
      fileInfo: fileInfoOf({ size, modTime: 1_700_000_000_123_456_789n }),
      extendedAttributes: spec.full ? ["user.color"] : [],
      ...(!spec.opensByName && { read: ({ signal }: CallContext) => read(pathname, signal) }),
    };
    if (spec.full) {
      yield {
        pathname,
        attribute: { name: "user.color", kind: "extended" },
        read: ({ signal }) => read(pathname, signal),
      };
    }
  }
  yield { pathname: "/srv/ds/link", fileInfo: fileInfoOf({ type: "symlink" }), target: "a.txt" };
  yield { pathname: "/srv/ds/pipe", fileInfo: fileInfoOf({ type: "fifo" }) };
  yield { pathname: "/srv/ds/broken", error: new Error("EACCES: permission denied, open '/srv/ds/broken'") };
}

async function* content(size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += 40_000) yield Buffer.alloc(Math.min(40_000, size - at), 0x61);
}

function ignore(): void {
  // Intentionally empty.
}
