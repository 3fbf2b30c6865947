import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { exporter as v1_0 } from "@kloset/protocol/v1.0";
import type { exporter as v1_1 } from "@kloset/protocol/v1.1";
import type { Fault } from "../sound-exporter.js";
import { UNLIKELY_SIZE } from "../../rules/exporter/files.js";
import type { Breakage } from "./breakage.js";

type FaultV1_0 = NonNullable<Fault["v1_0"]>;
type FaultV1_1 = NonNullable<Fault["v1_1"]>;
type StoreFileRequests = AsyncIterable<v1_0.StoreFileRequest>;
type ExportRequests = AsyncIterable<v1_1.ExportRequest>;
type Answer = Pick<v1_1.ExportResponse, "result">;

/** Forgives a StoreFile that fails, when its counts say so. */
function forgiving(forgives: (promised: number, bytes: number) => boolean): FaultV1_0 {
  return ({ storeFile }) => ({
    storeFile: async (requests, context) => {
      let promised = 0;
      let bytes = 0;
      async function* counted(): AsyncGenerator<v1_0.StoreFileRequest> {
        for await (const request of requests) {
          if (request.type.case === "header") promised = Number(request.type.value.size);
          else if (request.type.case === "data") bytes += request.type.value.chunk.length;
          yield request;
        }
      }
      try {
        return await storeFile(counted(), context);
      } catch (error) {
        if (forgives(promised, bytes)) return {};
        throw error;
      }
    },
  });
}

/** Changes what StoreFile is told. */
function hearing(change: (requests: StoreFileRequests, folder: string) => StoreFileRequests): FaultV1_0 {
  return ({ storeFile }, folder) => ({
    storeFile: (requests, context) => storeFile(change(requests, folder()), context),
  });
}

/** Changes what Export is told, and what it answers. */
function exporting(change: {
  readonly requests?: (requests: ExportRequests, folder: string) => ExportRequests;
  readonly answers?: (answers: AsyncIterable<Answer>) => AsyncIterable<Answer>;
}): FaultV1_1 {
  const {
    requests: hear = (requests: ExportRequests) => requests,
    answers: say = (answers: AsyncIterable<Answer>) => answers,
  } = change;
  return (sound, folder) => ({
    export: (requests, context) => say(sound.export(hear(requests, folder()), context) as AsyncIterable<Answer>),
  });
}

function pathnameOf(request: v1_0.StoreFileRequest | v1_1.ExportRequest): string {
  if (request.$typeName === "exporter.StoreFileRequest")
    return request.type.case === "header" ? request.type.value.pathname : "";
  return request.packet.case === "record" ? request.packet.value.pathname : "";
}

/** Writes what has ".." in it where it would be without care. */
async function* careless<R extends v1_0.StoreFileRequest | v1_1.ExportRequest>(
  requests: AsyncIterable<R>,
  folder: string,
): AsyncGenerator<R> {
  for await (const request of requests) {
    const pathname = pathnameOf(request);
    if (pathname.includes("/../")) await writeFile(join(dirname(folder), basename(pathname)), "");
    yield request;
  }
}

/** Hears nothing any more after an odd pathname. */
async function* offended(requests: ExportRequests): AsyncGenerator<v1_1.ExportRequest> {
  for await (const request of requests) {
    if (pathnameOf(request).includes("/../")) return;
    yield request;
  }
}

const offendedFiles: FaultV1_0 = (sound, folder) => {
  let over = false;
  const offend = hearing(async function* (requests) {
    for await (const request of requests) {
      over ||= pathnameOf(request).includes("/../");
      if (over) throw new Error("gave up");
      yield request;
    }
  });
  return offend(sound, folder);
};

/** Takes all files that come at the same time for the first of them. */
const confused: FaultV1_0 = ({ storeFile }) => {
  const paths: string[] = [];
  return {
    storeFile: async (requests, context) => {
      async function* renamed(): AsyncGenerator<v1_0.StoreFileRequest> {
        for await (const request of requests) {
          if (request.type.case === "header") {
            paths.push(request.type.value.pathname);
            request.type.value.pathname = paths[0] ?? "";
          }
          yield request;
        }
      }
      try {
        return await storeFile(renamed(), context);
      } finally {
        // Beside others: they are all done when the last one is.
        await new Promise((resolve) => setTimeout(resolve, 10));
        paths.pop();
      }
    },
  };
};

/** The one record that has a Windows attribute is the one whose answers the rules look at. */
const MARKED = 32;

/** Exporters that are sound but for one thing that they hear or say. */
export const wireBreakages: readonly Breakage[] = [
  {
    rule: "exporter.root",
    how: "gives a relative root",
    generations: ["v1.1"],
    v1_1: ({ init }) => ({ init: async (request, context) => ({ ...(await init(request, context)), root: "home" }) }),
  },
  {
    rule: "exporter.paths.stay-below",
    how: "joins what it is told, and looks no further",
    v1_0: hearing(careless),
    v1_1: exporting({ requests: careless }),
  },
  {
    rule: "exporter.paths.goes-on",
    how: "does nothing more after an odd pathname",
    v1_0: offendedFiles,
    v1_1: exporting({ requests: offended }),
  },
  {
    rule: "exporter.files.short",
    how: "takes less",
    generations: ["v1.0"],
    v1_0: forgiving((promised, bytes) => bytes < promised),
  },
  {
    rule: "exporter.files.long",
    how: "takes more",
    generations: ["v1.0"],
    v1_0: forgiving((promised, bytes) => bytes > promised),
  },
  {
    rule: "exporter.files.drained",
    how: "answers at once that it can not",
    generations: ["v1.0"],
    v1_0: ({ storeFile }) => ({
      storeFile: async (requests, context) => {
        const iterator = requests[Symbol.asyncIterator]();
        const first = await iterator.next();
        const { type } = first.value as v1_0.StoreFileRequest;
        if (type.case === "header" && type.value.size === BigInt(UNLIKELY_SIZE)) throw new Error("no room");
        async function* again(): AsyncGenerator<v1_0.StoreFileRequest> {
          yield first.value as v1_0.StoreFileRequest;
          yield* { [Symbol.asyncIterator]: () => iterator };
        }
        return await storeFile(again(), context);
      },
    }),
  },
  { rule: "exporter.files.at-once", how: "mixes up what comes at once", generations: ["v1.0"], v1_0: confused },
  {
    rule: "exporter.files.broken-off.fails",
    how: "answers that all is well, whatever happened",
    generations: ["v1.1"],
    v1_1: exporting({
      answers: async function* (answers) {
        try {
          for await (const { result } of answers) yield { result: result && { ...result, error: "" } };
        } catch {
          // All is well.
        }
      },
    }),
  },
  {
    rule: "exporter.results.one-for-each",
    how: "leaves an answer out",
    generations: ["v1.1"],
    v1_1: exporting({
      answers: async function* (answers) {
        for await (const answer of answers) if (answer.result?.header?.fileAttributes !== MARKED) yield answer;
      },
    }),
  },
  {
    rule: "exporter.results.whole-header",
    how: "leaves the extended attributes' names out",
    generations: ["v1.1"],
    v1_1: exporting({
      answers: async function* (answers) {
        for await (const { result } of answers) {
          yield { result: result?.header && { ...result, header: { ...result.header, extendedAttributes: [] } } };
        }
      },
    }),
  },
];
