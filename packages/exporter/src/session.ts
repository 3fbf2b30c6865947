import {
  contextOf,
  describe,
  flagsOf,
  openConnector,
  Session,
  textOf,
  withFlag,
  type Identity,
  type InitRequest,
  type Opened,
} from "@kloset/adapter";
import { LocationFlag, type HostOptions } from "@kloset/model";
import type { Exporter, ExporterFactory } from "./exporter.js";

/** An exporter, and what is known of it since Init. */
export interface OpenedExporter extends Identity {
  readonly exporter: Exporter;
  readonly options: HostOptions;
}

/** The life of the exporter that both generations serve. */
export type ExporterSession = Session<OpenedExporter>;

/** @returns A session without an exporter: Init makes one. */
export function newExporterSession(): ExporterSession {
  return new Session();
}

/** @returns What Init opens: constructs the exporter and asks it who it is. */
export function exporterOpener(
  factory: ExporterFactory,
  request: InitRequest,
): (signal: AbortSignal) => Promise<Opened<OpenedExporter>> {
  return (signal) => {
    const context = contextOf(request, signal);
    const { options, protocol } = context;
    return openConnector(factory, context, "an exporter", async (exporter) => {
      const root: unknown = await exporter.root();
      if (typeof root !== "string" || root === "") {
        throw new Error(`root() returned ${describe(root)}: a path that is not empty is needed`);
      }
      return {
        exporter,
        options,
        root: textOf("root()", root),
        origin: textOf("origin()", exporter.origin === undefined ? options.hostname : await exporter.origin()),
        type: textOf("type()", exporter.type === undefined ? protocol : await exporter.type()),
        // Hosts send extended attributes to whoever asks: only an exporter that can take them does.
        flags: withFlag(
          flagsOf(await exporter.flags?.()),
          LocationFlag.EXPORTXATTR,
          exporter.setExtendedAttribute !== undefined,
        ),
      };
    });
  };
}
