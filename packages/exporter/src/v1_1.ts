import { Calls, rpcSignal, identityOf, type RpcContext } from "@kloset/adapter";
import type { ServiceImplementation } from "@kloset/protocol/service-implementation";
import type { exporter as wire } from "@kloset/protocol/v1.1";
import { ExportRun, type ExportResponse } from "./export-run.js";
import type { ExporterFactory } from "./exporter.js";
import { exporterOpener, type ExporterSession } from "./session.js";

/** Serves an exporter to hosts of generation v1.1. */
export function exporterV1_1(
  factory: ExporterFactory,
  session: ExporterSession,
): ServiceImplementation<typeof wire.Exporter, RpcContext> {
  const calls = new Calls(session, "plakar.exporter.Exporter");
  return {
    init: (request) => calls.init(exporterOpener(factory, request), identityOf),

    ping: () => calls.empty("Ping", ({ exporter }) => exporter.ping?.()),

    export: (requests, context) =>
      calls.serverStream<ExportResponse>("Export", context, (opened, send, call) =>
        new ExportRun(opened, requests, rpcSignal(call), send).run(),
      ),

    close: () => calls.close(),
  };
}
