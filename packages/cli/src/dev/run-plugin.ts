import type { Writable } from "node:stream";
import {
  openImporter,
  PluginConnection,
  startPlugin,
  type ConnectorIdentity,
  type ConnectorOptions,
  type HostName,
} from "@kloset/host";
import { identityOf } from "../connector-identity.js";
import { CliError } from "../exit-code.js";
import type { ConnectorType } from "../project.js";
import { addRecord, emptyRecordSet, type RecordSet } from "./records.js";

/** Settings of a run that stay the same. */
export interface RunSettings extends Pick<ConnectorOptions, "location" | "config"> {
  readonly type: ConnectorType;
  /** The host to act as. */
  readonly like: HostName;
  /** Receives what the plugin logs. */
  readonly log: Writable;
}

/** The result of a run: the records of an importer, or the answer of another connector to Init. */
export type RunResult = { readonly records: RecordSet } | { readonly identity: ConnectorIdentity | undefined };

/**
 * Starts a plugin. Scans an importer, without reading content; other connectors get Init and Close only, which has no
 * effect on the location.
 *
 * @param signal - Kills the plugin.
 * @throws Error - The errors of `@kloset/host`; CliError if the plugin exits with a nonzero code.
 */
export async function runPlugin(executable: string, settings: RunSettings, signal: AbortSignal): Promise<RunResult> {
  signal.throwIfAborted();
  const plugin = await startPlugin({ executable, stderr: settings.log });
  const kill = (): void => void plugin.kill();
  if (signal.aborted) kill();
  else signal.addEventListener("abort", kill, { once: true });
  try {
    const result = await drive(await PluginConnection.open(plugin, { like: settings.like }), settings);
    const { code, signal: killedBy } = await plugin.stop();
    if (code !== 0) throw new CliError(`the plugin ended with ${killedBy ?? `exit code ${code}`} after Close`);
    return result;
  } catch (error) {
    await plugin.stop();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

async function drive(connection: PluginConnection, settings: RunSettings): Promise<RunResult> {
  const { type } = settings;
  if (type === "importer") return { records: await scanRecords(connection, settings) };
  return { identity: await identityOf(type, connection, settings) };
}

async function scanRecords(connection: PluginConnection, settings: RunSettings): Promise<RecordSet> {
  const importer = await openImporter(connection, settings);
  const records = emptyRecordSet();
  const scan = importer.scan();
  for await (const record of scan) {
    addRecord(records, record);
    await scan.acknowledge(record);
  }
  await scan.finish();
  await importer.close();
  return records;
}
