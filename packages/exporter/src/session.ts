import {
  authorErrorText,
  contextOf,
  describe,
  flagsOf,
  noticeOnce,
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
  type SessionOptions,
} from "@kloset/adapter";
import { LocationFlag, type HostOptions } from "@kloset/model";
import { InvalidValue } from "@kloset/wire/grpc";
import type { Exporter, ExporterFactory } from "./exporter.js";
import { Turns } from "./turns.js";

/** An exporter and the properties read from it at Init. */
export interface OpenedExporter extends Identity {
  readonly exporter: Exporter;
  readonly options: HostOptions;
  /** The exporter's own limit of concurrent calls; undefined if it has none. */
  readonly concurrency: number | undefined;
  /** Lets calls wait for one another if the exporter limits them. For hosts that make one call per step. */
  readonly turns: Turns | undefined;
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
    concurrency: "value",
    finish: "optional",
    close: "required",
  } satisfies MethodTable<Exporter>,
};

/** Lifecycle of an exporter, shared by the adapters of both generations. */
export type ExporterSession = Session<OpenedExporter>;

/** Creates a session without an exporter. Init creates the exporter. */
export function newExporterSession(options?: SessionOptions): ExporterSession {
  return new Session(options);
}

/**
 * Returns the function that Init runs: creates the exporter and reads its properties.
 *
 * @param finishes - The call with which the host says that it is done.
 */
export function exporterOpener(
  factory: ExporterFactory,
  request: InitRequest,
  finishes: "Close" | "Export",
): (signal: AbortSignal) => Promise<Opened<OpenedExporter>> {
  return async (signal) => {
    const context = contextOf(request, signal);
    const { options, protocol } = context;
    const { value, close } = await openConnector(factory, context, EXPORTER, async (exporter) => {
      const concurrency = concurrencyOf(exporter.concurrency);
      return {
        exporter,
        options,
        concurrency,
        turns: concurrency === undefined ? undefined : new Turns(concurrency),
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
    const { exporter, turns } = value;
    return {
      value,
      finish: finishes === "Close" && exporter.finish !== undefined ? () => finishLoudly(exporter) : undefined,
      close: () => {
        turns?.stop(new Error("the exporter has been closed"));
        return close();
      },
    };
  };
}

/** Finishes an exporter for a host that ignores the answer. */
async function finishLoudly(exporter: Exporter): Promise<void> {
  try {
    await exporter.finish?.();
  } catch (error) {
    noticeOnce(`exporter: finish() failed, so the restore is not complete: ${authorErrorText(error)}`);
    throw error;
  }
}

/** @throws InvalidValue for a value that is not a positive integer. */
function concurrencyOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidValue(
    `concurrency of the exporter must be a whole number of at least 1, or absent: ${describe(value)}`,
  );
}
