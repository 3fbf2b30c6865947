import { setTimeout as delay } from "node:timers/promises";
import { LAST } from "../memory-importer.js";
import type { BreakImporter, ImporterServices } from "../sound-importer.js";
import type { Breakage } from "./breakage.js";
import { changeContent, changeFile, joined, type Chunks } from "./change.js";

type V1_1 = ImporterServices["v1.1"];

/** Readers that are open at once are mixed up from this number on. */
const TOO_MANY = 4;
/** How long to wait for other readers to open. */
const OTHERS_OPEN_MS = 50;

/** Reads one file after another. */
function oneByOne(): (pathname: string, chunks: Chunks) => Chunks {
  let last = Promise.resolve();
  return async function* (_pathname, chunks) {
    const before = last;
    let release = (): void => undefined;
    last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    try {
      yield* chunks;
    } finally {
      release();
    }
  };
}

/** Sends wrong bytes if too many files are read at once. */
function mixedUp(): (pathname: string, chunks: Chunks) => Chunks {
  let active = 0;
  return async function* (_pathname, chunks) {
    active++;
    await delay(OTHERS_OPEN_MS);
    const mixed = active >= TOO_MANY;
    for await (const chunk of chunks) yield mixed ? new Uint8Array(chunk.length) : chunk;
    active--;
  };
}

/** Fails all readers once one was closed before its end. */
function breaksWithOne(): (pathname: string, chunks: Chunks) => Chunks {
  let broken = false;
  return async function* (_pathname, chunks) {
    let ended = false;
    try {
      for await (const chunk of chunks) {
        if (broken) throw new Error("the reader is broken");
        yield chunk;
      }
      ended = true;
    } finally {
      broken ||= !ended;
    }
    if (broken) throw new Error("the reader is broken");
  };
}

/** Yields nothing when a file is opened again. */
function usedUp(): (pathname: string, chunks: Chunks) => Chunks {
  const opened = new Set<string>();
  return async function* (pathname, chunks) {
    if (opened.has(pathname)) return;
    opened.add(pathname);
    yield* chunks;
  };
}

/** {@link breaksWithOne} for v1.0, where CloseReader closes a reader. */
const breaksWithOneV1_0: BreakImporter = {
  "v1.0": (sound) => {
    const open = new Set<string>();
    let broken = false;
    return {
      ...sound,
      openReader: async function* (request, context) {
        if (broken) throw new Error("the reader is broken");
        open.add(request.pathname);
        yield* sound.openReader(request, context);
        open.delete(request.pathname);
      },
      closeReader: (request, context) => {
        broken ||= open.has(request.pathname);
        return sound.closeReader(request, context);
      },
    };
  },
};

/** On CloseReader, ends the first open reader of the pathname without an error. */
const endsTheFirst: BreakImporter = {
  "v1.0": (sound) => {
    const open = new Set<{ readonly pathname: string; isClosed: boolean }>();
    return {
      ...sound,
      openReader: async function* (request, context) {
        const { pathname } = request;
        const reader = { pathname, isClosed: false };
        open.add(reader);
        try {
          for await (const message of sound.openReader(request, context)) {
            yield message;
            if (reader.isClosed) return;
          }
        } finally {
          open.delete(reader);
        }
      },
      closeReader: ({ pathname }) => {
        const first = [...open].find((reader) => reader.pathname === pathname && !reader.isClosed);
        if (first !== undefined) first.isClosed = true;
        return {};
      },
    };
  },
};

/** In-memory importers with mistakes in the content of files. */
export const brokenContents: readonly Breakage[] = [
  {
    rule: "importer.content.size",
    how: "without the last byte",
    broken: changeFile("/large", async function* (chunks) {
      const content = await joined(chunks);
      yield content.subarray(0, 1_000_000);
      yield content.subarray(1_000_000, -1);
    }),
  },
  {
    rule: "importer.content.empty-files",
    how: "an empty file that cannot be opened",
    // eslint-disable-next-line require-yield -- it only throws
    broken: changeFile("/empty", async function* () {
      throw new Error("nothing to read");
    }),
  },
  {
    rule: "importer.content.no-empty-chunk",
    how: "an empty chunk at the end",
    broken: changeFile("/large", async function* (chunks) {
      yield* chunks;
      yield new Uint8Array();
    }),
  },
  {
    rule: "importer.content.no-empty-chunk",
    how: "an empty chunk for an empty file",
    broken: changeFile("/empty", async function* () {
      yield new Uint8Array();
    }),
  },
  {
    rule: "importer.content.chunk-size",
    how: "a file in one chunk",
    broken: changeFile("/large", async function* (chunks) {
      yield await joined(chunks);
    }),
  },
  {
    rule: "importer.readers.late",
    how: "files released with the last record",
    broken: {
      "v1.1": (sound: V1_1): V1_1 => {
        let over = false;
        return {
          ...sound,
          import: (requests, context) => {
            const watched = (async function* () {
              for await (const request of requests) {
                over ||= request.result?.header?.pathname === LAST;
                yield request;
              }
            })();
            return sound.import(watched, context);
          },
          open: async function* (request, context) {
            if (over) throw new Error("the scan is over");
            yield* sound.open(request, context);
          },
        };
      },
    },
  },
  { rule: "importer.readers.again", how: "an exhausted reader", broken: changeContent(usedUp) },
  { rule: "importer.readers.at-once", how: "mixed-up bytes", broken: changeContent(mixedUp) },
  {
    rule: "importer.readers.cancelled",
    how: "a closed reader breaks all others",
    huge: true,
    broken: { ...breaksWithOneV1_0, "v1.1": changeContent(breaksWithOne)["v1.1"] },
  },
  {
    rule: "importer.readers.slow",
    how: "one file at a time",
    hangs: true,
    huge: true,
    broken: changeContent(oneByOne),
  },
  {
    rule: "importer.readers.close-ends",
    how: "CloseReader does nothing",
    huge: true,
    broken: { "v1.0": (sound) => ({ ...sound, closeReader: () => ({}) }) },
  },
  {
    rule: "importer.readers.close-one",
    how: "CloseReader ends the reader that was opened first",
    huge: true,
    broken: endsTheFirst,
  },
  {
    rule: "importer.open.unknown",
    how: "an empty file in place of an error",
    broken: changeContent(() => (pathname, chunks) => (pathname.includes("not-there") ? nothing() : chunks)),
  },
  {
    rule: "importer.open.no-record",
    how: "an empty file in place of an error",
    broken: {
      "v1.1": (sound) => ({
        ...sound,
        open: (request, context) => (request.record === undefined ? nothing() : sound.open(request, context)),
      }),
    },
  },
];

// eslint-disable-next-line require-yield -- it yields nothing on purpose
async function* nothing(): AsyncGenerator<never> {
  await Promise.resolve();
}
