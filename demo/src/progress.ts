import { SingleBar, type Options } from "cli-progress";

/** Shows how far a step is. */
export interface Progress {
  /** So many entries are done. */
  readonly advance: (done: number) => void;
  /** The step is over, or has failed. */
  readonly end: () => void;
}

/** Begins a step, which has so many entries; 0 when that is not known. */
export type ShowProgress = (step: string, total: number) => Progress;

/** The part of a terminal's stream that is needed to tell what goes on. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };

/** Lines in the middle of a step, where it is long enough to be waited for. */
const LINES = 4;
const MIN_ENTRIES_FOR_LINES = 1_000;

/** @returns What shows steps: a bar each on a terminal, plain lines elsewhere. */
export function progressOn(stream: ProgressStream): ShowProgress {
  return (step, total) =>
    stream.isTTY === true && total > 0 ? drawBar(step, total, stream) : writeLines(step, total, stream);
}

function drawBar(step: string, total: number, stream: ProgressStream): Progress {
  const options: Options = {
    format: `${step.padEnd(28)} [{bar}] {value}/{total}`,
    barCompleteChar: "=",
    barIncompleteChar: " ",
    hideCursor: true,
    stream,
    clearOnComplete: false,
  };
  const bar = new SingleBar(options);
  bar.start(total, 0);
  return {
    advance: (done) => {
      bar.update(Math.min(done, total));
    },
    end: () => {
      bar.stop();
    },
  };
}

function writeLines(step: string, total: number, stream: ProgressStream): Progress {
  stream.write(total === 0 ? `${step} …\n` : `${step}: ${numberOf(total)} entries …\n`);
  const interval = total < MIN_ENTRIES_FOR_LINES ? Number.POSITIVE_INFINITY : Math.ceil(total / LINES);
  let next = interval;
  return {
    advance: (done) => {
      // The end is told by the next step's beginning.
      if (done < next || done >= total) return;
      next = (Math.floor(done / interval) + 1) * interval;
      stream.write(`${step}: ${numberOf(done)} of ${numberOf(total)}\n`);
    },
    end: () => undefined,
  };
}

function numberOf(count: number): string {
  return count.toLocaleString("en");
}
