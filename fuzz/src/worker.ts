/**
 * A process that runs inputs. Its parent sends one job and receives a message for each input,
 * so that it knows the running ones if the process dies or hangs.
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { recordCorpus } from "./corpus.js";
import { inputOf } from "./generate/generate.js";
import { inputFromText, inputToText, type Input } from "./input.js";
import type { Job, WorkerMessage } from "./job.js";
import { runInputs } from "./run-inputs.js";
import { sdkTarget, type Target } from "./target.js";

process.once("message", (job: Job) => {
  work(job).then(
    () => {
      process.disconnect();
    },
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

function send(message: WorkerMessage): void {
  process.send?.(message);
}

async function work(job: Job): Promise<void> {
  const target = await targetOf(job);
  const inputAt = await inputsOf(job);
  await runInputs(
    {
      target,
      inputAt,
      indices: indicesOf(job),
      inFlight: job.inFlight,
      sampleEvery: job.sampleEvery,
      watchdogMs: job.watchdogMs,
    },
    {
      begin: (index) => {
        send({ type: "begin", index });
      },
      end: (index) => {
        send({ type: "end", index });
      },
      fault: (text, indices) => {
        send({ type: "fault", text, inputs: indices.map((index) => ({ index, text: inputToText(inputAt(index)) })) });
      },
      memory: (sample) => {
        send({ type: "memory", ...sample });
      },
    },
  );
  send({ type: "done" });
}

async function inputsOf({ replay, seed }: Job): Promise<(index: number) => Input> {
  if (replay !== undefined) {
    const input = inputFromText(readFileSync(replay, "utf8"));
    return () => input;
  }
  const corpus = await recordCorpus();
  send({ type: "corpus", digest: corpus.digest, captures: corpus.captures.length });
  return (index) => inputOf(corpus, seed, index);
}

function* indicesOf({ from, to, step, without, deadline = Infinity }: Job): Generator<number> {
  const left = new Set(without);
  for (let index = from; index < to && Date.now() < deadline; index += step) if (!left.has(index)) yield index;
}

async function targetOf({ target }: Job): Promise<Target> {
  if (target === undefined) return sdkTarget();
  const [file = "", name = ""] = target.split("#");
  const module = (await import(pathToFileURL(file).href)) as Record<string, Target | undefined>;
  const found = module[name];
  if (found === undefined) throw new Error(`${file} exports no ${name}`);
  return found;
}
