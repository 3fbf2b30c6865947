import { contextOf, describe, Session, type InitRequest, type Opened } from "@kloset/adapter";
import { LocationFlag } from "@kloset/model";
import type { Importer, ImporterFactory } from "./importer.js";
import { Readers } from "./readers.js";

/** An importer, and what is known of it since Init. */
export interface OpenedImporter {
  readonly importer: Importer;
  readonly origin: string;
  readonly type: string;
  readonly root: string;
  /** Bits of `LocationFlag`. */
  readonly flags: number;
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
  if (!isObject(importer)) throw new TypeError(`the factory returned ${describe(importer)}: an importer is needed`);
  try {
    const origin = text("origin()", await importer.origin());
    const type = text("type()", await importer.type());
    const root = text("root()", await importer.root());
    if (!root.startsWith("/")) throw new Error(`root() must be an absolute path: ${JSON.stringify(root)}`);
    const flags = await flagsOf(importer);
    const value = { importer, origin, type, root, flags, readers: new Readers(importer) };
    return { value, close: () => importer.close() };
  } catch (error) {
    await closeFailed(importer);
    throw error;
  }
}

/** Init has failed: nobody else will close it, and its own failure would hide the first. */
async function closeFailed(importer: Importer): Promise<void> {
  try {
    await importer.close();
  } catch {
    // The first failure is the one to tell.
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function text(method: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${method} returned ${describe(value)}: a string is needed`);
  if (!value.isWellFormed()) throw new TypeError(`${method} returned invalid Unicode: ${JSON.stringify(value)}`);
  return value;
}

async function flagsOf(importer: Importer): Promise<number> {
  const flags: unknown = (await importer.flags?.()) ?? 0;
  if (typeof flags !== "number" || !Number.isInteger(flags) || flags < 0 || flags > 0xffff_ffff) {
    throw new TypeError(`flags() returned ${describe(flags)}: bits of LocationFlag are needed`);
  }
  // Only who has the method can take acknowledgements.
  const others = flags & ~LocationFlag.NEEDACK;
  return (importer.acknowledge === undefined ? others : others | LocationFlag.NEEDACK) >>> 0;
}
