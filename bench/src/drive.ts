import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The measurements of one run, as printed by the host in Go. */
export interface Measures {
  /** The time of the work itself. */
  readonly seconds: number;
  /** The content transferred. */
  readonly bytes: number;
  /** The CPU time of the plugin, from its start to its end. */
  readonly cpuSeconds: number;
  /** The largest resident set of the plugin. */
  readonly peakBytes: number;
  /** The time from the start of the process to the answer of Init. */
  readonly answerSeconds: number;
  /** The time from the start of the process to its end. */
  readonly exitSeconds: number;
}

/** The work for a plugin. */
export interface Job {
  readonly work: string;
  readonly count?: number;
  readonly size?: number;
  readonly calls?: number;
  readonly folder?: string | undefined;
  readonly config?: readonly string[];
  /** The command of the plugin. */
  readonly plugin: readonly string[];
}

/** The fields of {@link Measures}. */
const names = ["seconds", "bytes", "cpuSeconds", "peakBytes", "answerSeconds", "exitSeconds"] as const;
const run = promisify(execFile);

/**
 * Runs the host, which starts the plugin and drives it through the job once.
 *
 * @param client - The host's executable.
 * @throws Error with the job if anything fails or the plugin sends wrong bytes.
 */
export async function drive(client: string, job: Job, env: NodeJS.ProcessEnv): Promise<Measures> {
  const args = [
    `-work=${job.work}`,
    ...(["count", "size", "calls", "folder"] as const).flatMap((name) =>
      job[name] === undefined ? [] : [`-${name}=${String(job[name])}`],
    ),
    ...(job.config ?? []).map((setting) => `-config=${setting}`),
    ...job.plugin,
  ];
  let stdout: string;
  try {
    ({ stdout } = await run(client, args, { env }));
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new Error(`${args.join(" ")}: ${stderr?.trim() || message}`, { cause: error });
  }
  return measuresOf(stdout);
}

/** Parses the output of the host. @throws Error if a field is missing. */
export function measuresOf(text: string): Measures {
  const value: unknown = JSON.parse(text);
  for (const name of names) {
    if (typeof value !== "object" || value === null || typeof Reflect.get(value, name) !== "number") {
      throw new Error(`the host printed no ${name}: ${text.trim()}`);
    }
  }
  return value as Measures;
}
