import {
  contextOf,
  flagsOf,
  openConnector,
  rootOf,
  Session,
  textOf,
  withFlag,
  type Identity,
  type InitRequest,
  type Methods,
  type MethodTable,
  type Opened,
} from "@kloset/adapter";
import { LocationFlag, type HostOptions } from "@kloset/model";
import type { Exporter, ExporterFactory } from "./exporter.js";

/** An exporter and the properties read from it at Init. */
export interface OpenedExporter extends Identity {
  readonly exporter: Exporter;
  readonly options: HostOptions;
}

const EXPORTER: Methods = {
  kind: "an exporter",
  methods: {
    root: "required",
    createDirectory: "required",
    storeFile: "required",
    setPermissions: "required",
    createLink: "optional",
    createSpecial: "optional",
    setExtendedAttribute: "optional",
    origin: "optional",
    type: "optional",
    flags: "optional",
    ping: "optional",
    close: "required",
  } satisfies MethodTable<Exporter>,
};

/** Lifecycle of an exporter, shared by the adapters of both generations. */
export type ExporterSession = Session<OpenedExporter>;

/** Creates a session without an exporter. Init creates the exporter. */
export function newExporterSession(): ExporterSession {
  return new Session();
}

/** Returns the function that Init runs: creates the exporter and reads its properties. */
export function exporterOpener(
  factory: ExporterFactory,
  request: InitRequest,
): (signal: AbortSignal) => Promise<Opened<OpenedExporter>> {
  return (signal) => {
    const context = contextOf(request, signal);
    const { options, protocol } = context;
    return openConnector(factory, context, EXPORTER, async (exporter) => {
      return {
        exporter,
        options,
        root: rootOf(await exporter.root()),
        origin: textOf("origin()", exporter.origin === undefined ? options.hostname : await exporter.origin()),
        type: textOf("type()", exporter.type === undefined ? protocol : await exporter.type()),
        // Hosts send extended attributes to any exporter that sets this flag, so set it only with the method.
        flags: withFlag(
          flagsOf(await exporter.flags?.()),
          LocationFlag.EXPORTXATTR,
          exporter.setExtendedAttribute !== undefined,
        ),
      };
    });
  };
}
