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
import { LocationFlag } from "@kloset/model";
import type { Importer, ImporterFactory } from "./importer.js";
import { Readers } from "./readers.js";

/** An importer and the properties read from it at Init. */
export interface OpenedImporter extends Identity {
  readonly importer: Importer;
  readonly readers: Readers;
}

const IMPORTER: Methods = {
  kind: "an importer",
  methods: {
    origin: "required",
    type: "required",
    root: "required",
    scan: "required",
    open: "optional",
    acknowledge: "optional",
    flags: "optional",
    ping: "optional",
    close: "required",
  } satisfies MethodTable<Importer>,
};

/** Lifecycle of an importer, shared by the adapters of both generations. */
export type ImporterSession = Session<OpenedImporter>;

/** Creates a session without an importer. Init creates the importer. */
export function newImporterSession(): ImporterSession {
  return new Session();
}

/** Returns the function that Init runs: creates the importer and reads its properties. */
export function importerOpener(
  factory: ImporterFactory,
  request: InitRequest,
): (signal: AbortSignal) => Promise<Opened<OpenedImporter>> {
  return (signal) =>
    openConnector(factory, contextOf(request, signal), IMPORTER, async (importer) => {
      const origin = textOf("origin()", await importer.origin());
      const type = textOf("type()", await importer.type());
      const root = rootOf(await importer.root());
      const wantsAcknowledgements = importer.acknowledge !== undefined;
      const flags = withFlag(flagsOf(await importer.flags?.()), LocationFlag.NEEDACK, wantsAcknowledgements);
      return { importer, origin, type, root, flags, readers: new Readers(importer) };
    });
}
