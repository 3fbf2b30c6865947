import { digestOf, type Capture } from "./capture.js";
import { recordFlows } from "./record-flows.js";
import { recordScripts } from "./record-scripts.js";
import { readScripts, type Script } from "./script.js";

/** What inputs are made of. */
export interface Corpus {
  readonly captures: readonly Capture[];
  readonly scripts: readonly Script[];
  /** The same on every machine with the same Node: then the same seed makes the same inputs. */
  readonly digest: string;
}

const transcripts = new URL("../../fixtures/transcripts/", import.meta.url);

/** Records hosts: those of the transcripts, and `@kloset/host`. */
export async function recordCorpus(): Promise<Corpus> {
  const scripts = readScripts(transcripts);
  const captures = [...(await recordScripts(scripts)), ...(await recordFlows())];
  return { captures, scripts, digest: digestOf(captures) };
}
