import { setTimeout as delay } from "node:timers/promises";
import { LAST } from "../memory-importer.js";
import type { BreakImporter, ImporterServices } from "../sound-importer.js";
import type { Breakage } from "./breakage.js";
import { changeContent, changeFile, joined, type Chunks } from "./change.js";

type V1_1 = ImporterServices["v1.1"];

const TOO_MANY = 4;
const MEETING_MS = 50;

/** Reads one file after the other. */
function oneByOne(): (pathname: string, chunks: Chunks) => Chunks {
  let last = Promise.resolve();
  return async function* (_pathname, chunks) {
    const before = last;
    let leave = (): void => undefined;
    last = new Promise((resolve) => {
      leave = resolve;
    });
    await before;
    try {
      yield* chunks;
    } finally {
      leave();
    }
  };
}

/** Gives files with others' bytes when it reads too many at once. */
function mixedUp(): (pathname: string, chunks: Chunks) => Chunks {
  let active = 0;
  return async function* (_pathname, chunks) {
    active++;
    await delay(MEETING_MS);
    const mixed = active >= TOO_MANY;
    for await (const chunk of chunks) yield mixed ? new Uint8Array(chunk.length) : chunk;
    active--;
  };
}

/** Reads nothing more when a reader was left before its end. */
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

function usedUp(): (pathname: string, chunks: Chunks) => Chunks {
  const opened = new Set<string>();
  return async function* (pathname, chunks) {
    if (opened.has(pathname)) return;
    opened.add(pathname);
    yield* chunks;
  };
}

/** On v1.0 nobody says that a reader was left: CloseReader does. */
const broken10: BreakImporter = {
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

/** CloseReader ends the reader of its pathname that was opened first, as if it were at its end. */
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

/** Importers in memory whose contents are wrong. */
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
    how: "can not be opened",
    // eslint-disable-next-line require-yield -- it throws in place of that
    broken: changeFile("/empty", async function* () {
      throw new Error("nothing to read");
    }),
  },
  {
    rule: "importer.content.no-empty-chunk",
    how: "at the end",
    broken: changeFile("/large", async function* (chunks) {
      yield* chunks;
      yield new Uint8Array();
    }),
  },
  {
    rule: "importer.content.no-empty-chunk",
    how: "of an empty file",
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
    how: "freed with the last record",
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
  { rule: "importer.readers.again", how: "used up", broken: changeContent(usedUp) },
  { rule: "importer.readers.at-once", how: "mixed up", broken: changeContent(mixedUp) },
  {
    rule: "importer.readers.cancelled",
    how: "breaks all others",
    huge: true,
    broken: { ...broken10, "v1.1": changeContent(breaksWithOne)["v1.1"] },
  },
  { rule: "importer.readers.slow", how: "one by one", hangs: true, huge: true, broken: changeContent(oneByOne) },
  {
    rule: "importer.readers.close-ends",
    how: "CloseReader does nothing",
    huge: true,
    broken: { "v1.0": (sound) => ({ ...sound, closeReader: () => ({}) }) },
  },
  { rule: "importer.readers.close-one", how: "the one that was opened first", huge: true, broken: endsTheFirst },
  {
    rule: "importer.open.unknown",
    how: "an empty file",
    broken: changeContent(() => (pathname, chunks) => (pathname.includes("not-there") ? nothing() : chunks)),
  },
  {
    rule: "importer.open.no-record",
    how: "an empty file",
    broken: {
      "v1.1": (sound) => ({
        ...sound,
        open: (request, context) => (request.record === undefined ? nothing() : sound.open(request, context)),
      }),
    },
  },
];

// eslint-disable-next-line require-yield -- that is what it is for
async function* nothing(): AsyncGenerator<never> {
  await Promise.resolve();
}
