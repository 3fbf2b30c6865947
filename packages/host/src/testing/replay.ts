import type { HostOptions } from "@kloset/model";
import type { ConnectorOptions } from "../client/connector.js";
import { PluginConnection } from "../grpc/connection.js";
import type { TraceEvent } from "../grpc/trace.js";
import { compareCalls } from "./compare.js";
import { TranscriptPlugin } from "./transcript-plugin.js";
import { messageOf, type Transcript } from "./transcript.js";

/** What a host did with the plugin of a transcript. */
export interface Replay {
  /** How it differs from the host of the transcript, as the plugin sees it. */
  readonly differences: string[];
  /** What the host said it did. */
  readonly trace: TraceEvent[];
  /** What the plugin saw. */
  readonly events: TraceEvent[];
}

/** Lets a host drive the plugin of a transcript, and compares. */
export async function replay(
  transcript: Transcript,
  drive: (connection: PluginConnection, options: ConnectorOptions) => Promise<void>,
  options: { readonly strictEnds?: boolean; readonly userAgent?: string } = {},
): Promise<Replay> {
  const plugin = new TranscriptPlugin(transcript, options);
  const trace: TraceEvent[] = [];
  const connection = await PluginConnection.open(plugin, {
    generation: transcript.generation,
    userAgent: options.userAgent,
    trace: (event) => {
      trace.push(event);
    },
  });
  try {
    await drive(connection, connectorOptionsOf(transcript));
  } finally {
    connection.close();
  }
  return { differences: compareCalls(transcript.calls, plugin.events), trace, events: plugin.events };
}

/** What the host of a transcript told the plugin at Init. */
function connectorOptionsOf(transcript: Transcript): ConnectorOptions {
  const init = messageOf(transcript, "Init", "host") as {
    config: { location: string };
    proto: string;
    options?: { hostname?: string; os?: string; arch?: string; cwd?: string; maxconcurrency?: string };
  };
  const { hostname, os, arch, cwd, maxconcurrency } = init.options ?? {};
  const options = { hostname, os, arch, cwd, maxConcurrency: Number(maxconcurrency) };
  return { location: init.config.location, protocol: init.proto, options: options as Partial<HostOptions> };
}
