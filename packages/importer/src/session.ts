import {
  contextOf,
  flagsOf,
  openConnector,
  quoted,
  Session,
  textOf,
  withFlag,
  type Identity,
  type InitRequest,
  type Opened,
} from "@kloset/adapter";
import { LocationFlag } from "@kloset/model";
import type { Importer, ImporterFactory } from "./importer.js";
import { Readers } from "./readers.js";
import { checkClean, checkText } from "./text-check.js";

/** An importer, and what is known of it since Init. */
export interface OpenedImporter extends Identity {
  readonly importer: Importer;
  readonly readers: Readers;
}

/** The life of the importer that both generations serve. */
export type ImporterSession = Session<OpenedImporter>;

/** @returns A session without an importer: Init makes one. */
export function newImporterSession(): ImporterSession {
  return new Session();
}

/** @returns What Init opens: constructs the importer and asks it who it is. */
export function importerOpener(
  factory: ImporterFactory,
  request: InitRequest,
): (signal: AbortSignal) => Promise<Opened<OpenedImporter>> {
  return (signal) =>
    openConnector(factory, contextOf(request, signal), "an importer", async (importer) => {
      const origin = textOf("origin()", await importer.origin());
      const type = textOf("type()", await importer.type());
      const root = rootOf(await importer.root());
      // Only who has the method can take acknowledgements.
      const takesThem = importer.acknowledge !== undefined;
      const flags = withFlag(flagsOf(await importer.flags?.()), LocationFlag.NEEDACK, takesThem);
      return { importer, origin, type, root, flags, readers: new Readers(importer) };
    });
}

/** Errors that have no pathname of their own are reported for it: it must be one that hosts take. */
function rootOf(value: unknown): string {
  const root = textOf("root()", value);
  if (!root.startsWith("/")) throw new Error(`root() must be an absolute path: ${quoted(root)}`);
  return checkClean("root()", checkText("root()", root));
}
