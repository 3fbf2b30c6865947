import { SingleBar, type Options } from "cli-progress";

/** Shows how far a step is. */
export interface Progress {
  /** So many entries are done. */
  readonly advance: (done: number) => void;
  /** The step is over. */
  readonly end: () => void;
}

/**
 * Begins a step.
 *
 * @param total - Entries to do; 0 when that is not known.
 * @param stream - On a terminal a bar is drawn; elsewhere a line tells the beginning of the step.
 */
export function showProgress(step: string, total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY || total === 0) {
    stream.write(total === 0 ? `${step} …\n` : `${step}: ${total.toLocaleString("en")} entries …\n`);
    return { advance: () => undefined, end: () => undefined };
  }
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
      bar.update(total);
      bar.stop();
    },
  };
}
