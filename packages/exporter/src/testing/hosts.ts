import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { createClient, createRouterTransport, type Client, type HandlerContext } from "@connectrpc/connect";
import { exporter as v1_0 } from "@kloset/protocol/v1.0";
import { exporter as v1_1 } from "@kloset/protocol/v1.1";
import type { Exporter } from "../exporter.js";
import { newExporterSession, type ExporterSession } from "../session.js";
import { exporterV1_0 } from "../v1_0.js";
import { exporterV1_1 } from "../v1_1.js";
import type { Request } from "./records.js";

/** A client of an exporter served in memory. */
export interface Host<C> {
  readonly client: C;
  readonly session: ExporterSession;
}

/** Creates a host of generation v1.0, before its Init. */
export function hostV1_0(
  exporter: Exporter,
  session: ExporterSession = newExporterSession(),
): Host<Client<typeof v1_0.Exporter>> {
  const service = exporterV1_0(() => exporter, session);
  const transport = createRouterTransport((router) => router.service(v1_0.Exporter, service));
  return { client: createClient(v1_0.Exporter, transport), session };
}

/** Creates a host of generation v1.1, before its Init. */
export function hostV1_1(exporter: Exporter): Host<Client<typeof v1_1.Exporter>> {
  const session = newExporterSession();
  const service = exporterV1_1(() => exporter, session);
  const transport = createRouterTransport((router) => router.service(v1_1.Exporter, service));
  return { client: createClient(v1_1.Exporter, transport), session };
}

/** Creates the part of a call's context that adapters read. */
export function contextWith(signal: AbortSignal): HandlerContext {
  return { signal } as HandlerContext;
}

type ExportResponse = MessageInitShape<typeof v1_1.ExportResponseSchema>;

/** Starts an Export whose responses the test reads one by one, and which it can abort. */
export async function startExport(
  exporter: Exporter,
  requests: AsyncIterable<Request> | Iterable<Request>,
  options: { maxConcurrency?: number; signal?: AbortSignal; session?: ExporterSession } = {},
): Promise<AsyncIterator<ExportResponse, void>> {
  const session = options.session ?? newExporterSession();
  const service = exporterV1_1(() => exporter, session);
  const signal = options.signal ?? new AbortController().signal;
  const init = create(v1_1.InitRequestSchema, {
    proto: "fake",
    config: { location: "fake:///srv/o" },
    options: { maxconcurrency: BigInt(options.maxConcurrency ?? 1), hostname: "machine" },
  });
  await service.init(init, contextWith(signal));
  const answers = service.export(streamOf(requests), contextWith(signal));
  return answers[Symbol.asyncIterator]() as AsyncIterator<ExportResponse, void>;
}

/** Outcome of an Export: its results as decoded by a host, and the error that ended it, if any. */
export interface Outcome {
  readonly results: readonly v1_1.ExportResponse[];
  readonly error?: unknown;
  /** Errors by pathname; "" for success. */
  readonly byPathname: Readonly<Record<string, string>>;
}

/** Runs an Export to its end. */
export async function runExport(
  exporter: Exporter,
  requests: AsyncIterable<Request> | Iterable<Request>,
  options: { maxConcurrency?: number; signal?: AbortSignal } = {},
): Promise<Outcome> {
  const answers = await startExport(exporter, requests, options);
  const results: v1_1.ExportResponse[] = [];
  const byPathname: Record<string, string> = {};
  try {
    for (;;) {
      const answer = await answers.next();
      if (answer.done === true) return { results, byPathname };
      const message = overTheWire(answer.value);
      results.push(message);
      byPathname[message.result?.header?.pathname ?? "(no header)"] = message.result?.error ?? "(no result)";
    }
  } catch (error) {
    return { results, byPathname, error };
  }
}

function overTheWire(answer: ExportResponse): v1_1.ExportResponse {
  const schema = v1_1.ExportResponseSchema;
  return fromBinary(schema, toBinary(schema, create(schema, answer)));
}

/** Yields messages one by one as they are requested, like a host's stream. */
export async function* streamOf<T>(messages: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* messages;
}
