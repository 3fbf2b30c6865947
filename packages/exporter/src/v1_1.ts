import { Calls, failedPrecondition, identityOf, rpcSignal, type RpcContext } from "@kloset/adapter";
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
  let exports = 0;
  return {
    init: (request) => calls.init(exporterOpener(factory, request, "Export"), identityOf),

    ping: () => calls.empty("Ping", ({ exporter }) => exporter.ping?.()),

    export: (requests, context) =>
      calls.serverStream<ExportResponse>("Export", context, async (opened, send, call) => {
        const { exporter, concurrency } = opened;
        // No released host does this. A second restore would follow finish(), or exceed the limit of the first.
        if (exports++ > 0 && (exporter.finish !== undefined || concurrency !== undefined)) {
          throw failedPrecondition("plakar.exporter.Exporter/Export was called twice");
        }
        const run = new ExportRun(opened, requests, rpcSignal(call), send);
        await run.run();
        if (run.isComplete && exporter.finish !== undefined) await session.watch("finish()", () => exporter.finish?.());
      }),

    close: () => calls.close(),
  };
}
