import { SingleBar, type Options } from "cli-progress";

/** Shows the progress of a step. */
export interface Progress {
  /** Updates the number of entries that are done. */
  readonly advance: (done: number) => void;
  /** Ends the display, whether the step succeeded or failed. */
  readonly end: () => void;
}

/** Starts a step with a total number of entries, 0 if it is unknown. */
export type ShowProgress = (step: string, total: number) => Progress;

/** The part of a terminal's stream that progress needs. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };

/** Number of parts of a step, with a line at the end of each, if it has enough entries. */
const LINES = 4;
const MIN_ENTRIES_FOR_LINES = 1_000;

/** Shows each step as a bar on a terminal, and as plain lines elsewhere. */
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
      // No line at the end, because the next step prints one.
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
