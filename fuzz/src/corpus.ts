import { digestOf, type Capture } from "./capture.js";
import { recordFlows } from "./record-flows.js";
import { recordScripts } from "./record-scripts.js";
import { readScripts, type Script } from "./script.js";

/** The material for inputs. */
export interface Corpus {
  readonly captures: readonly Capture[];
  readonly scripts: readonly Script[];
  /** Identifies the corpus. Machines with the same Node have the same one, and so the same inputs for a seed. */
  readonly digest: string;
}

const transcripts = new URL("../../fixtures/transcripts/", import.meta.url);

/** Records the hosts of the transcripts and the flows of `@kloset/host`. */
export async function recordCorpus(): Promise<Corpus> {
  const scripts = readScripts(transcripts);
  const captures = [...(await recordScripts(scripts)), ...(await recordFlows())];
  return { captures, scripts, digest: digestOf(captures) };
}
