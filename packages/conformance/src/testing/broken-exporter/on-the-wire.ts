import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { exporter as v1_0 } from "@kloset/protocol/v1.0";
import type { exporter as v1_1 } from "@kloset/protocol/v1.1";
import type { Fault } from "../sound-exporter.js";
import { REFUSED_BYTES } from "../../rules/exporter/files.js";
import type { Breakage } from "./breakage.js";

type FaultV1_0 = NonNullable<Fault["v1_0"]>;
type FaultV1_1 = NonNullable<Fault["v1_1"]>;
type StoreFileRequests = AsyncIterable<v1_0.StoreFileRequest>;
type ExportRequests = AsyncIterable<v1_1.ExportRequest>;
type Answer = Pick<v1_1.ExportResponse, "result">;

/** Turns the failure of StoreFile into success, depending on the promised size and the bytes received. */
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

/** Changes the requests of StoreFile. */
function changeStoreFile(change: (requests: StoreFileRequests, folder: string) => StoreFileRequests): FaultV1_0 {
  return ({ storeFile }, folder) => ({
    storeFile: (requests, context) => storeFile(change(requests, folder()), context),
  });
}

/** Changes the requests and answers of Export. */
function changeExport(change: {
  readonly requests?: (requests: ExportRequests, folder: string) => ExportRequests;
  readonly answers?: (answers: AsyncIterable<Answer>) => AsyncIterable<Answer>;
}): FaultV1_1 {
  const {
    requests: changeRequests = (requests: ExportRequests) => requests,
    answers: changeAnswers = (answers: AsyncIterable<Answer>) => answers,
  } = change;
  return (sound, folder) => ({
    export: (requests, context) =>
      changeAnswers(sound.export(changeRequests(requests, folder()), context) as AsyncIterable<Answer>),
  });
}

function pathnameOf(request: v1_0.StoreFileRequest | v1_1.ExportRequest): string {
  if (request.$typeName === "exporter.StoreFileRequest")
    return request.type.case === "header" ? request.type.value.pathname : "";
  return request.packet.case === "record" ? request.packet.value.pathname : "";
}

/** Follows ".." in pathnames, out of the restored folder. */
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

/** Ends the requests at a pathname with "..". */
async function* untilEscape(requests: ExportRequests): AsyncGenerator<v1_1.ExportRequest> {
  for await (const request of requests) {
    if (pathnameOf(request).includes("/../")) return;
    yield request;
  }
}

/** Fails every file after a pathname with "..". */
const failingAfterEscape: FaultV1_0 = (sound, folder) => {
  let hasFailed = false;
  const fault = changeStoreFile(async function* (requests) {
    for await (const request of requests) {
      hasFailed ||= pathnameOf(request).includes("/../");
      if (hasFailed) throw new Error("gave up");
      yield request;
    }
  });
  return fault(sound, folder);
};

/** Writes all files that arrive at the same time to the path of the first. */
const confusingFiles: FaultV1_0 = ({ storeFile }) => {
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
        // Keep the path until files that run at the same time have ended, too.
        await new Promise((resolve) => setTimeout(resolve, 10));
        paths.pop();
      }
    },
  };
};

/** The Windows attribute of a single record, whose answer is left out. */
const MARKED = 32;

/** Correct exporters with one mistake in the messages that they receive or send. */
export const wireBreakages: readonly Breakage[] = [
  {
    rule: "exporter.root",
    how: "reports a relative root",
    generations: ["v1.1"],
    v1_1: ({ init }) => ({ init: async (request, context) => ({ ...(await init(request, context)), root: "home" }) }),
  },
  {
    rule: "exporter.paths.stay-below",
    how: "joins pathnames without checking them",
    v1_0: changeStoreFile(careless),
    v1_1: changeExport({ requests: careless }),
  },
  {
    rule: "exporter.paths.goes-on",
    how: "stops at an invalid pathname",
    v1_0: failingAfterEscape,
    v1_1: changeExport({ requests: untilEscape }),
  },
  {
    rule: "exporter.files.short",
    how: "accepts a file that is too short",
    generations: ["v1.0"],
    v1_0: forgiving((promised, bytes) => bytes < promised),
  },
  {
    rule: "exporter.files.long",
    how: "accepts a file that is too long",
    generations: ["v1.0"],
    v1_0: forgiving((promised, bytes) => bytes > promised),
  },
  {
    rule: "exporter.files.drained",
    how: "answers a failing file before reading it",
    generations: ["v1.0"],
    v1_0: ({ storeFile }) => ({
      storeFile: async (requests, context) => {
        const iterator = requests[Symbol.asyncIterator]();
        const first = await iterator.next();
        const { type } = first.value as v1_0.StoreFileRequest;
        if (type.case === "header" && type.value.size === BigInt(REFUSED_BYTES)) throw new Error("no room");
        async function* again(): AsyncGenerator<v1_0.StoreFileRequest> {
          yield first.value as v1_0.StoreFileRequest;
          yield* { [Symbol.asyncIterator]: () => iterator };
        }
        return await storeFile(again(), context);
      },
    }),
  },
  {
    rule: "exporter.files.at-once",
    how: "mixes up files that arrive at the same time",
    generations: ["v1.0"],
    v1_0: confusingFiles,
  },
  {
    rule: "exporter.files.broken-off.fails",
    how: "answers a truncated file with success",
    generations: ["v1.1"],
    v1_1: changeExport({
      answers: async function* (answers) {
        try {
          for await (const answer of answers) {
            const { result } = answer;
            // Other failures are the matter of other rules.
            yield result?.header?.pathname === "/file" ? { result: { ...result, error: "" } } : answer;
          }
        } catch {
          // Report success all the same.
        }
      },
    }),
  },
  {
    rule: "exporter.results.one-for-each",
    how: "omits an answer",
    generations: ["v1.1"],
    v1_1: changeExport({
      answers: async function* (answers) {
        for await (const answer of answers) if (answer.result?.header?.fileAttributes !== MARKED) yield answer;
      },
    }),
  },
  {
    rule: "exporter.results.whole-header",
    how: "omits the names of extended attributes",
    generations: ["v1.1"],
    v1_1: changeExport({
      answers: async function* (answers) {
        for await (const { result } of answers) {
          yield { result: result?.header && { ...result, header: { ...result.header, extendedAttributes: [] } } };
        }
      },
    }),
  },
  {
    rule: "exporter.attributes.outside",
    how: "fails the attributes of files that it did not restore",
    generations: ["v1.1"],
    v1_1: changeExport({
      answers: async function* (answers) {
        for await (const { result } of answers) {
          const isOutside = result?.header?.isXattr === true && result.header.pathname !== "/file";
          yield { result: result && { ...result, error: isOutside ? "ENOENT" : result.error } };
        }
      },
    }),
  },
];
