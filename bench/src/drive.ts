import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What the host in Go tells of one run. */
export interface Measures {
  /** Of the work itself. */
  readonly seconds: number;
  /** Of content. */
  readonly bytes: number;
  /** The plugin's, from its start to its end. */
  readonly cpuSeconds: number;
  /** The most memory that the plugin had. */
  readonly peakBytes: number;
  /** From the start of the process to the answer of Init. */
  readonly answerSeconds: number;
  /** From the start of the process to its end. */
  readonly exitSeconds: number;
}

/** What a plugin is to do. */
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

/** All of them. */
const names = ["seconds", "bytes", "cpuSeconds", "peakBytes", "answerSeconds", "exitSeconds"] as const;
const run = promisify(execFile);

/**
 * Starts the plugin under the host and has it do the job, once.
 *
 * @param client - The host's executable.
 * @throws Error that tells the job when anything failed, or came wrong.
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

/** @throws Error when the text is not what the host prints. */
export function measuresOf(text: string): Measures {
  const value: unknown = JSON.parse(text);
  for (const name of names) {
    if (typeof value !== "object" || value === null || typeof Reflect.get(value, name) !== "number") {
      throw new Error(`the host printed no ${name}: ${text.trim()}`);
    }
  }
  return value as Measures;
}
