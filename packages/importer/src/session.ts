import { contextOf, describe, Session, type InitRequest, type Opened } from "@kloset/adapter";
import type { Importer, ImporterFactory } from "./importer.js";
import { Readers } from "./readers.js";

/** An importer, and what is known of it since Init. */
export interface OpenedImporter {
  readonly importer: Importer;
  readonly origin: string;
  readonly type: string;
  readonly root: string;
  readonly readers: Readers;
}

/** The life of the importer that both generations serve. */
export type ImporterSession = Session<OpenedImporter>;

/** @returns A session without an importer: Init makes one. */
export function newImporterSession(): ImporterSession {
  return new Session({ service: "importer.Importer" });
}

/** Answers Init: constructs the importer and asks it who it is. */
export function initImporter(
  session: ImporterSession,
  factory: ImporterFactory,
  request: InitRequest,
): Promise<OpenedImporter> {
  return session.init((signal) => openImporter(factory, request, signal));
}

async function openImporter(
  factory: ImporterFactory,
  request: InitRequest,
  signal: AbortSignal,
): Promise<Opened<OpenedImporter>> {
  const importer = await factory(contextOf(request, signal));
  const close = () => importer.close();
  try {
    const origin = text("origin()", await importer.origin());
    const type = text("type()", await importer.type());
    const root = text("root()", await importer.root());
    if (!root.startsWith("/")) throw new Error(`root() must be an absolute path: ${JSON.stringify(root)}`);
    return { value: { importer, origin, type, root, readers: new Readers(importer) }, close };
  } catch (error) {
    // Init has failed: nobody else will close it.
    await Promise.resolve(close()).catch(() => undefined);
    throw error;
  }
}

function text(method: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${method} returned ${describe(value)}: a string is needed`);
  return value;
}
