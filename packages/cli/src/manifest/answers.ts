import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  startExporter,
  startImporter,
  startStorage,
  type ExporterClient,
  type Generation,
  type ImporterClient,
  type RunningConnector,
  type StartConnectorOptions,
  type StorageClient,
} from "@kloset/host";
import { LocationFlag } from "@kloset/model";
import { flagNamesOf } from "../connector-identity.js";
import { locationsFor, type GivenLocation } from "./locations.js";
import type { ManifestSource } from "./read.js";

/** The options of {@link checkAnswers}. */
export interface AnswerOptions {
  readonly locations: readonly GivenLocation[];
  /** Configuration of the plugin (`-o key=value`). */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** The generations that the plugin speaks. Default: both. */
  readonly generations?: readonly Generation[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Connectors whose answer to Init has flags. */
const STARTS = { importer: startImporter, exporter: startExporter, storage: startStorage };

/**
 * Starts each connector that has a location, and compares its answer to Init with `location_flags`.
 *
 * @throws The signal's reason when it is aborted.
 */
export async function checkAnswers(
  { findings, connectors }: ManifestSource,
  folder: string,
  { locations, config, generations, signal }: AnswerOptions,
): Promise<void> {
  for (const [index, connector] of connectors.entries()) {
    const [type, executable] = [connector.text("type")?.value ?? "", connector.text("executable")];
    if (executable === undefined || !isStartable(type)) continue;
    const protocols = connector.texts("protocols").map(({ value }) => value);
    const args = connector.texts("args").map(({ value }) => value);
    for (const location of locationsFor({ type, protocols }, locations)) {
      signal?.throwIfAborted();
      const name = `connector ${index + 1}, the ${type}`;
      const like = generations?.includes("v1.1") === false ? "plakar-1.0" : "plakar-1.1";
      const options = { executable: resolve(folder, executable.value), args, config, like } as const;
      try {
        const flags = await answeredFlags(type, location, options, signal);
        const named = connector.texts("location_flags").map(({ value }) => value);
        const message = difference(name, named, flags);
        if (message !== undefined) findings.add("flags-differ", connector.offsetOf("location_flags"), message);
      } catch (error) {
        signal?.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        findings.add(
          "init-failed",
          executable.start,
          `${name}, cannot be opened at ${JSON.stringify(location)}: ${reason}`,
        );
      }
    }
  }
}

function isStartable(type: string): type is keyof typeof STARTS {
  return Object.hasOwn(STARTS, type);
}

/** Returns the flags of a connector, as the bits of its answer to Init. */
async function answeredFlags(
  type: keyof typeof STARTS,
  location: string,
  options: Pick<StartConnectorOptions, "executable" | "args" | "config" | "like">,
  signal: AbortSignal | undefined,
): Promise<number> {
  const directory = location.includes("{directory}") ? await mkdtemp(join(tmpdir(), "kloset-check-")) : undefined;
  try {
    const started: Promise<RunningConnector<ImporterClient | ExporterClient | StorageClient>> = STARTS[type]({
      ...{ ...options, stderr: "collect" },
      location: location.replaceAll("{directory}", directory ?? "").replaceAll("{unique}", randomUUID()),
    });
    const { client, stop } = await unlessAborted(started, signal);
    try {
      return (await client.identity(signal)).flags;
    } finally {
      await client.close().catch(() => undefined);
      await stop();
    }
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

/** Waits for a start, which ends by itself after 20 s. An aborted one is stopped in the background. */
async function unlessAborted<Started extends { readonly stop: () => Promise<unknown> }>(
  start: Promise<Started>,
  signal: AbortSignal | undefined,
): Promise<Started> {
  if (signal === undefined) return await start;
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    };
  });
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([start, aborted]);
  } catch (error) {
    void start.then(
      ({ stop }) => stop(),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function difference(name: string, named: readonly string[], flags: number): string | undefined {
  const answered = flagNamesOf(flags);
  if (answered.includes("localfs") && !named.includes("localfs"))
    return `${name}, answers the location flag localfs: name it in "location_flags", or hosts pass relative paths`;
  const missing = named.filter((flag) => Object.hasOwn(LocationFlag, flag.toUpperCase()) && !answered.includes(flag));
  if (missing.length === 0) return undefined;
  return `${name}, names the location flag ${missing.join(", ")}, but does not answer it to Init, which hosts rely on: remove or answer it`;
}
