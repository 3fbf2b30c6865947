import type { ServiceImpl } from "@connectrpc/connect";
import { toConnectError } from "@kloset/adapter";
import type { exporter as wire } from "@kloset/protocol/v1.1";
import { ExportRun } from "./export-run.js";
import type { ExporterFactory } from "./exporter.js";
import { initExporter, type ExporterSession } from "./session.js";

/** Serves an exporter to hosts of generation v1.1. */
export function exporterV1_1(
  factory: ExporterFactory,
  session: ExporterSession,
): ServiceImpl<typeof wire.Exporter> {
  return {
    async init(request) {
      try {
        const { origin, type, root, flags } = await initExporter(session, factory, request);
        return { origin, type, root, flags };
      } catch (error) {
        throw toConnectError(error);
      }
    },

    async ping() {
      return session.run("Ping", async ({ exporter }) => {
        try {
          await exporter.ping?.();
          return {};
        } catch (error) {
          throw toConnectError(error);
        }
      });
    },

    async *export(requests, { signal }) {
      try {
        yield* session.stream("Export", (opened) => new ExportRun(opened, requests, signal).results());
      } catch (error) {
        throw toConnectError(error, signal);
      }
    },

    async close() {
      try {
        await session.close();
        return {};
      } catch (error) {
        throw toConnectError(error);
      }
    },
  };
}
