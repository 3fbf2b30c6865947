import { create } from "@bufbuild/protobuf";
import { importer as v1_0 } from "@kloset/protocol/v1.0";
import { importer as v1_1 } from "@kloset/protocol/v1.1";
import type { BreakImporter } from "../sound-importer.js";

/** FileInfo of either generation. */
export interface ToldInfo {
  name: string;
  size: bigint;
  mode: number;
  modTime?: { seconds: bigint; nanos: number } | undefined;
}

/** A record of either generation, to be changed in place. */
export interface Told {
  pathname: string;
  target: string;
  info: ToldInfo | undefined;
  hasReader: boolean;
  readonly error: boolean;
}

/** What to do with a record, besides what was changed in it. */
export type Fate = "drop" | "twice" | undefined;

/** Changes each record of a scan. Called anew for each process. */
export function changeRecords(make: () => (told: Told) => Fate): BreakImporter {
  return {
    "v1.0": (sound) => {
      const change = make();
      return {
        ...sound,
        scan: async function* (request, context) {
          for await (const init of sound.scan(request, context)) {
            const response = create(v1_0.ScanResponseSchema, init);
            const fate = change10(response, change);
            if (fate !== "drop") yield response;
            if (fate === "twice") yield response;
          }
        },
      };
    },
    "v1.1": (sound) => {
      const change = make();
      return {
        ...sound,
        import: async function* (requests, context) {
          for await (const init of sound.import(requests, context)) {
            const response = create(v1_1.ImportResponseSchema, init);
            const fate = response.record === undefined ? undefined : change11(response.record, change);
            if (fate !== "drop") yield response;
            if (fate === "twice") yield response;
          }
        },
      };
    },
  };
}

/** Changes the record of one pathname. */
export function changeRecord(pathname: string, change: (told: Told) => Fate): BreakImporter {
  return changeRecords(() => (told) => (told.pathname.endsWith(pathname) ? change(told) : undefined));
}

/** Changes what one record says of its entry. */
export function changeInfo(pathname: string, change: (info: ToldInfo) => void): BreakImporter {
  return changeRecord(pathname, ({ info }) => {
    if (info !== undefined) change(info);
    return undefined;
  });
}

function change10(response: v1_0.ScanResponse, change: (told: Told) => Fate): Fate {
  const record = response.result.case === "record" ? response.result.value : undefined;
  const told = {
    pathname: response.pathname,
    target: record?.target ?? "",
    info: record?.fileinfo,
    hasReader: false,
    error: response.result.case === "error",
  } satisfies Told;
  const fate = change(told);
  response.pathname = told.pathname;
  if (record !== undefined) {
    record.target = told.target;
    if (told.info === undefined) delete record.fileinfo;
  }
  return fate;
}

function change11(record: NonNullable<v1_1.ImportResponse["record"]>, change: (told: Told) => Fate): Fate {
  if (record.isXattr) return undefined;
  const { pathname, target, fileInfo, hasReader, error } = record;
  const told = { pathname, target, info: fileInfo, hasReader, error: error !== "" } satisfies Told;
  const fate = change(told);
  record.pathname = told.pathname;
  record.target = told.target;
  record.hasReader = told.hasReader;
  if (told.info === undefined) delete record.fileInfo;
  return fate;
}

/** Content on its way to the host. */
export type Chunks = AsyncIterable<Uint8Array>;

/** Changes the content of files. Called anew for each process. */
export function changeContent(make: () => (pathname: string, chunks: Chunks) => Chunks): BreakImporter {
  return {
    "v1.0": (sound) => {
      const change = make();
      return {
        ...sound,
        openReader: (request, context) =>
          messagesOf(change(request.pathname, chunksOf(sound.openReader(request, context)))),
      };
    },
    "v1.1": (sound) => {
      const change = make();
      return {
        ...sound,
        open: (request, context) => {
          const answer = sound.open(request, context);
          const { record } = request;
          if (record === undefined || record.isXattr) return answer;
          return messagesOf(change(record.pathname, chunksOf(answer)));
        },
      };
    },
  };
}

/** Changes the content of one file. */
export function changeFile(pathname: string, change: (chunks: Chunks) => Chunks): BreakImporter {
  return changeContent(() => (opened, chunks) => (opened.endsWith(pathname) ? change(chunks) : chunks));
}

async function* chunksOf(messages: AsyncIterable<{ chunk?: Uint8Array }>): Chunks {
  for await (const { chunk } of messages) if (chunk !== undefined) yield chunk;
}

async function* messagesOf(chunks: Chunks): AsyncGenerator<{ chunk: Uint8Array }> {
  for await (const chunk of chunks) yield { chunk };
}

/** @returns All chunks as one. */
export async function joined(chunks: Chunks): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
