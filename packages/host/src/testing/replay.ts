import type { HostOptions } from "@kloset/model";
import type { ConnectorOptions } from "../client/connector.js";
import { PluginConnection } from "../grpc/connection.js";
import type { TraceEvent } from "../grpc/trace.js";
import { compareCalls, compareEnd } from "./compare.js";
import { TranscriptPlugin } from "./transcript-plugin.js";
import { messageOf, type Transcript } from "./transcript.js";

/** Result of {@link replay}. */
export interface Replay {
  /** Differences from the host of the transcript, as observed by the plugin. */
  readonly differences: string[];
  /** Trace of the host. */
  readonly trace: TraceEvent[];
  /** Events observed by the plugin. */
  readonly events: TraceEvent[];
}

/** Runs a host against the plugin of a transcript, and compares their calls. */
export async function replay(
  transcript: Transcript,
  drive: (connection: PluginConnection, options: ConnectorOptions) => Promise<void>,
  options: { readonly strictEnds?: boolean; readonly userAgent?: string } = {},
): Promise<Replay> {
  const plugin = new TranscriptPlugin(transcript, options);
  const trace: TraceEvent[] = [];
  const connection = await PluginConnection.open(plugin, {
    like: transcript.like,
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
  await plugin.exited;
  const differences = compareCalls(transcript.calls, plugin.events);
  if (transcript.hostEnded) differences.push(...compareEnd(plugin.events, plugin.hostEnd));
  return { differences, trace, events: plugin.events };
}

/**
 * Returns the options that the host of a transcript sent in Init. The profile of plaklet has its own name and directory.
 */
function connectorOptionsOf(transcript: Transcript): ConnectorOptions {
  const init = messageOf(transcript, "Init", "host") as {
    config: { location: string };
    proto: string;
    options?: { hostname?: string; os?: string; arch?: string; cwd?: string; maxconcurrency?: string };
  };
  const { maxconcurrency, ...machine } = init.options ?? {};
  if (transcript.like === "plaklet") {
    delete machine.hostname;
    delete machine.cwd;
  }
  const options: Partial<HostOptions> = { ...machine, maxConcurrency: Number(maxconcurrency) };
  // The passphrase is the host's own: plaklet does not send it.
  const config = transcript.like === "plaklet" && init.options === undefined ? { passphrase: "secret" } : {};
  return { location: init.config.location, protocol: init.proto, options, config };
}
