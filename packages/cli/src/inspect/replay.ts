import { readFile, stat } from "node:fs/promises";
import { parseTranscript, replayTranscript, USER_AGENTS, type HostName, type TraceEvent } from "@kloset/host";
import { masked } from "@kloset/log";
import type { CommandContext } from "../command.js";
import { ExitCode, UsageError } from "../exit-code.js";
import { write, writeJson } from "./output.js";
import { withPlugin, type PluginOptions } from "./session.js";
import { bytesText, shown } from "./shown.js";

/** Options of `kloset inspect replay`. */
export interface ReplayCommandOptions extends Omit<PluginOptions, "like"> {
  /** Default: the newest Plakar of the generation that the transcript was recorded with. */
  readonly like?: HostName | undefined;
  /** Replaces the recorded location. */
  readonly location?: string | undefined;
}

/** A transcript is read into memory. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Runs `kloset inspect replay`: calls the plugin as in a transcript, and compares the answers. */
export async function replay(
  context: CommandContext,
  plugin: string,
  file: string,
  options: ReplayCommandOptions,
): Promise<void> {
  const { terminal } = context;
  const events = await readTranscript(file);
  const like = options.like ?? hostOf(events);
  const isJson = options.json === true || !terminal.isTerminal;
  const differences: string[] = [];
  const summary = await withPlugin(context, plugin, { ...options, like }, ({ connection, signal }) =>
    replayTranscript(connection, events, {
      config: { ...options.option, ...(options.location !== undefined && { location: options.location }) },
      answerTimeoutMs: options.inspectBrk === true ? Infinity : options.timeout,
      onDifference: (text) => {
        // The transcript is in memory, so its differences may be.
        differences.push(text);
      },
      signal,
    }),
  );
  for (const text of differences) {
    if (isJson) await writeJson(terminal, { type: "difference", text });
    else await write(terminal, `${shown(masked(text))}\n`);
  }
  if (isJson) await writeJson(terminal, { type: "summary", like, ...summary });
  else
    await write(terminal, `${summary.calls} calls, ${summary.messages} messages, ${summary.differences} differences\n`);
  if (summary.differences > 0) context.exitWith(ExitCode.FAILED);
}

async function readTranscript(file: string): Promise<TraceEvent[]> {
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw new RangeError(`${bytesText(size)} are more than ${bytesText(MAX_BYTES)}`);
    const events = parseTranscript(await readFile(file, "utf8"));
    if (events.length === 0) throw new RangeError("it has no events");
    return events;
  } catch (error) {
    throw new UsageError(`cannot read the transcript ${JSON.stringify(file)}: ${shown((error as Error).message)}`, {
      cause: error,
    });
  }
}

/** The user agent tells the generation, to plugins as well. */
function hostOf(events: readonly TraceEvent[]): HostName {
  const agent = events.find(({ headers }) => headers?.["user-agent"] !== undefined)?.headers?.["user-agent"];
  return agent === USER_AGENTS["v1.0"] ? "plakar-1.0" : "plakar-1.1";
}
