import type { ServiceImpl } from "@connectrpc/connect";
import { toConnectError } from "@kloset/adapter";
import { LocationFlag } from "@kloset/model";
import type { exporter as wire } from "@kloset/protocol/v1.1";
import { ExportRun } from "./export-run.js";
import type { Exporter, ExporterFactory } from "./exporter.js";
import { initExporter, type ExporterSession } from "./session.js";

/** Serves an exporter to hosts of generation v1.1. */
export function exporterV1_1(
  factory: ExporterFactory,
  session: ExporterSession,
): ServiceImpl<typeof wire.Exporter> {
  return {
    async init(request) {
      try {
        const { exporter, root, protocol, options } = await initExporter(session, factory, request);
        return {
          origin: (await exporter.origin?.()) ?? options.hostname,
          type: (await exporter.type?.()) ?? protocol,
          root,
          flags: await flagsOf(exporter),
        };
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

async function flagsOf(exporter: Exporter): Promise<number> {
  const flags = (await exporter.flags?.()) ?? 0;
  return (exporter.setExtendedAttribute === undefined ? flags : flags | LocationFlag.EXPORTXATTR) >>> 0;
}
