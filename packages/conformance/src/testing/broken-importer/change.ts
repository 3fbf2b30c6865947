import { create } from "@bufbuild/protobuf";
import { importer as v1_0 } from "@kloset/protocol/v1.0";
import { importer as v1_1 } from "@kloset/protocol/v1.1";
import type { BreakImporter } from "../sound-importer.js";

/** A FileInfo of either generation. */
export interface SentInfo {
  name: string;
  size: bigint;
  mode: number;
  modTime?: { seconds: bigint; nanos: number } | undefined;
  ino: bigint;
}

/** A record of either generation, to be modified in place. */
export interface SentRecord {
  pathname: string;
  target: string;
  info: SentInfo | undefined;
  hasReader: boolean;
  readonly error: boolean;
}

/** Drops a record, sends it twice, or (undefined) sends it once. */
export type Fate = "drop" | "twice" | undefined;

/** Changes each record of a scan. `make` is called once per process. */
export function changeRecords(make: () => (sent: SentRecord) => Fate): BreakImporter {
  return {
    "v1.0": (sound) => {
      const change = make();
      return {
        ...sound,
        scan: async function* (request, context) {
          for await (const init of sound.scan(request, context)) {
            const response = create(v1_0.ScanResponseSchema, init);
            const action = changeV1_0(response, change);
            if (action !== "drop") yield response;
            if (action === "twice") yield response;
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
            const action = response.record === undefined ? undefined : changeV1_1(response.record, change);
            if (action !== "drop") yield response;
            if (action === "twice") yield response;
          }
        },
      };
    },
  };
}

/** Changes the record of a pathname. */
export function changeRecord(pathname: string, change: (sent: SentRecord) => Fate): BreakImporter {
  return changeRecords(() => (sent) => (sent.pathname.endsWith(pathname) ? change(sent) : undefined));
}

/** Changes the FileInfo of a pathname. */
export function changeInfo(pathname: string, change: (info: SentInfo) => void): BreakImporter {
  return changeRecord(pathname, ({ info }) => {
    if (info !== undefined) change(info);
    return undefined;
  });
}

function changeV1_0(response: v1_0.ScanResponse, change: (sent: SentRecord) => Fate): Fate {
  const record = response.result.case === "record" ? response.result.value : undefined;
  const sent = {
    pathname: response.pathname,
    target: record?.target ?? "",
    info: record?.fileinfo,
    hasReader: false,
    error: response.result.case === "error",
  } satisfies SentRecord;
  const action = change(sent);
  response.pathname = sent.pathname;
  if (record !== undefined) {
    record.target = sent.target;
    if (sent.info === undefined) delete record.fileinfo;
  }
  return action;
}

function changeV1_1(record: NonNullable<v1_1.ImportResponse["record"]>, change: (sent: SentRecord) => Fate): Fate {
  if (record.isXattr) return undefined;
  const { pathname, target, fileInfo, hasReader, error } = record;
  const sent = { pathname, target, info: fileInfo, hasReader, error: error !== "" } satisfies SentRecord;
  const action = change(sent);
  record.pathname = sent.pathname;
  record.target = sent.target;
  record.hasReader = sent.hasReader;
  if (sent.info === undefined) delete record.fileInfo;
  return action;
}

/** Content that is being sent to the host. */
export type Chunks = AsyncIterable<Uint8Array>;

/** Changes the content of files. `make` is called once per process. */
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

/** Changes the content of a file. */
export function changeFile(pathname: string, change: (chunks: Chunks) => Chunks): BreakImporter {
  return changeContent(() => (opened, chunks) => (opened.endsWith(pathname) ? change(chunks) : chunks));
}

async function* chunksOf(messages: AsyncIterable<{ chunk?: Uint8Array }>): Chunks {
  for await (const { chunk } of messages) if (chunk !== undefined) yield chunk;
}

async function* messagesOf(chunks: Chunks): AsyncGenerator<{ chunk: Uint8Array }> {
  for await (const chunk of chunks) yield { chunk };
}

/** Joins all chunks into one. */
export async function joined(chunks: Chunks): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
