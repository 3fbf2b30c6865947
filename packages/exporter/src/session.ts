import { contextOf, describe, Session, type InitRequest, type Opened } from "@kloset/adapter";
import type { HostOptions } from "@kloset/model";
import type { Exporter, ExporterFactory } from "./exporter.js";

/** An exporter, and what is known of it since Init. */
export interface OpenedExporter {
  readonly exporter: Exporter;
  readonly root: string;
  readonly protocol: string;
  readonly options: HostOptions;
}

/** The life of the exporter that both generations serve. */
export type ExporterSession = Session<OpenedExporter>;

/** @returns A session without an exporter: Init makes one. */
export function newExporterSession(): ExporterSession {
  return new Session({ service: "exporter.Exporter" });
}

/** Answers Init: constructs the exporter and asks it for its root. */
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
    return { value: { exporter, root, protocol: context.protocol, options: context.options }, close };
  } catch (error) {
    // Init has failed: nobody else will close it.
    await Promise.resolve(close()).catch(() => undefined);
    throw error;
  }
}
