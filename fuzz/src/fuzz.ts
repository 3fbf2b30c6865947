import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Job, WorkerMessage } from "./job.js";
import type { MemorySample } from "./memory.js";

/** A fault and the inputs that reproduce it. */
export interface Finding {
  readonly text: string;
  /** The inputs, each as the text of a file; without text if the worker had died. */
  readonly inputs: readonly { readonly index: number; readonly text?: string }[];
}

/** Options of {@link fuzz}. */
export interface FuzzOptions {
  readonly seed: number;
  readonly runs: number;
  readonly workers: number;
  readonly deadline?: number | undefined;
  readonly replay?: string | undefined;
  readonly target?: string | undefined;
  /** The server under test. Default: the choice of the environment. */
  readonly server?: "connect" | "framed" | undefined;
  readonly watchdogMs: number;
  /** Called from time to time. */
  readonly progress?: (progress: Progress) => void;
}

/** The progress of a run. */
interface Progress {
  readonly done: number;
  /** The largest memory of a worker. */
  readonly memory: MemorySample;
}

/** The result of a run. */
export interface Outcome {
  readonly done: number;
  readonly findings: readonly Finding[];
  readonly digest: string;
  readonly captures: number;
  /** The largest memory of a worker. */
  readonly peak: MemorySample;
}

/** Concurrent inputs in a worker. */
const IN_FLIGHT = 4;
/** The run ends after this many findings. */
const MAX_FINDINGS = 20;
/** The time limit for a worker's first message, in milliseconds: it records hosts first. */
const START_MS = 300_000;
/** Inputs allocate many short-lived objects: a large young generation and no helper threads save a fifth of the time. */
const workerFlags = ["--expose-gc", "--max-semi-space-size=64", "--single-threaded"];

/** Runs inputs in several worker processes. */
export async function fuzz(options: FuzzOptions): Promise<Outcome> {
  const totals = new Totals(options);
  const { runs, workers, replay } = options;
  const jobs = Array.from({ length: replay === undefined ? workers : 1 }, (_, from): Job => ({
    seed: options.seed,
    from,
    step: replay === undefined ? workers : 1,
    to: replay === undefined ? runs : 1,
    without: [],
    replay,
    target: options.target,
    server: options.server,
    inFlight: IN_FLIGHT,
    // At least ten measurements of the memory; each is slow.
    sampleEvery: Math.max(50, Math.min(2000, Math.floor(runs / workers / 10))),
    watchdogMs: options.watchdogMs,
    deadline: options.deadline,
  }));
  await Promise.all(jobs.map((job) => workThrough(job, totals)));
  return totals;
}

/** Runs a job to its end, with a new process after each crash. */
async function workThrough(job: Job, totals: Totals): Promise<void> {
  let left: Job | undefined = job;
  while (left !== undefined && totals.findings.length < MAX_FINDINGS) left = await new Worker(left, totals).ended;
}

class Totals implements Outcome {
  done = 0;
  digest = "";
  captures = 0;
  peak: MemorySample = { live: 0, rss: 0 };
  readonly findings: Finding[] = [];
  readonly #options: FuzzOptions;

  constructor(options: FuzzOptions) {
    this.#options = options;
  }

  onMessage(message: WorkerMessage): void {
    if (message.type === "end") this.done++;
    else if (message.type === "corpus") ({ digest: this.digest, captures: this.captures } = message);
    else if (message.type === "fault") this.findings.push(message);
    else if (message.type === "memory") {
      this.peak = { live: Math.max(this.peak.live, message.live), rss: Math.max(this.peak.rss, message.rss) };
      this.#options.progress?.({ done: this.done, memory: this.peak });
    }
  }
}

/** One worker process. */
class Worker {
  /** The rest of the job if the process died. */
  readonly ended: Promise<Job | undefined>;
  readonly #child: ChildProcess;
  readonly #job: Job;
  readonly #totals: Totals;
  readonly #running = new Set<number>();
  #done = false;
  #log = "";
  #why: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(job: Job, totals: Totals) {
    this.#job = job;
    this.#totals = totals;
    this.#child = fork(fileURLToPath(new URL("../dist/worker.js", import.meta.url)), {
      execArgv: workerFlags,
      env: job.server === undefined ? process.env : { ...process.env, KLOSET_SERVER: job.server },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr?.on("data", (bytes: Buffer) => {
      this.#log = (this.#log + bytes.toString()).slice(-4000);
    });
    this.#child.on("message", (message: WorkerMessage) => {
      this.#onMessage(message);
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        clearTimeout(this.#timer);
        resolve(this.#leftAfter(code, signal));
      });
    });
    this.#child.send(job);
    this.#wait(START_MS);
  }

  #onMessage(message: WorkerMessage): void {
    // The worker itself reports a hang after one watchdog, unless its event loop is blocked.
    this.#wait(2 * this.#job.watchdogMs);
    if (message.type === "begin") this.#running.add(message.index);
    else if (message.type === "end") this.#running.delete(message.index);
    else if (message.type === "done") this.#done = true;
    this.#totals.onMessage(message);
    if (this.#totals.findings.length >= MAX_FINDINGS) this.#child.kill("SIGKILL");
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#why = "hang: a worker no longer responds: its event loop is blocked";
      this.#child.kill("SIGKILL");
    }, ms);
  }

  #leftAfter(code: number | null, signal: string | null): Job | undefined {
    if (this.#done || this.#totals.findings.length >= MAX_FINDINGS) return undefined;
    const text = this.#why ?? `crash: a worker ended with ${signal ?? `code ${String(code)}`}: ${this.#log.trim()}`;
    const running = [...this.#running];
    this.#totals.onMessage({ type: "fault", text, inputs: running.map((index) => ({ index })) });
    // Without a running input the next process would die as well.
    if (running.length === 0) return undefined;
    return { ...this.#job, from: Math.min(...running), without: [...this.#job.without, ...running] };
  }
}
