import { contextOf, describe, Session, type InitRequest, type Opened } from "@kloset/adapter";
import { LocationFlag, type HostOptions } from "@kloset/model";
import type { Exporter, ExporterFactory } from "./exporter.js";

/** An exporter, and what is known of it since Init. */
export interface OpenedExporter {
  readonly exporter: Exporter;
  readonly origin: string;
  readonly type: string;
  readonly root: string;
  /** Bits of `LocationFlag`. */
  readonly flags: number;
  readonly options: HostOptions;
}

/** The life of the exporter that both generations serve. */
export type ExporterSession = Session<OpenedExporter>;

/** @returns A session without an exporter: Init makes one. */
export function newExporterSession(): ExporterSession {
  return new Session({ service: "exporter.Exporter" });
}

/** Answers Init: constructs the exporter and asks it who it is. */
export function initExporter(
  session: ExporterSession,
  factory: ExporterFactory,
  request: InitRequest,
): Promise<OpenedExporter> {
  return session.init((signal) => openExporter(factory, request, signal));
}

async function openExporter(
  factory: ExporterFactory,
  request: InitRequest,
  signal: AbortSignal,
): Promise<Opened<OpenedExporter>> {
  const context = contextOf(request, signal);
  const exporter = await factory(context);
  const close = () => exporter.close();
  try {
    const root: unknown = await exporter.root();
    if (typeof root !== "string" || root === "") {
      throw new Error(`root() returned ${describe(root)}: a path that is not empty is needed`);
    }
    const origin = text("origin()", exporter.origin === undefined ? context.options.hostname : await exporter.origin());
    const type = text("type()", exporter.type === undefined ? context.protocol : await exporter.type());
    const flags = await flagsOf(exporter);
    return { value: { exporter, origin, type, root, flags, options: context.options }, close };
  } catch (error) {
    // Init has failed: nobody else will close it.
    await (async () => close())().catch(() => undefined);
    throw error;
  }
}

/** Hosts send extended attributes to whoever asks: only an exporter that can take them does. */
async function flagsOf(exporter: Exporter): Promise<number> {
  const flags: unknown = (await exporter.flags?.()) ?? 0;
  if (typeof flags !== "number" || !Number.isInteger(flags) || flags < 0 || flags > 0xffff_ffff) {
    throw new TypeError(`flags() returned ${describe(flags)}: bits of LocationFlag are needed`);
  }
  const others = flags & ~LocationFlag.EXPORTXATTR;
  return (exporter.setExtendedAttribute === undefined ? others : others | LocationFlag.EXPORTXATTR) >>> 0;
}

function text(method: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${method} returned ${describe(value)}: a string is needed`);
  return value;
}
