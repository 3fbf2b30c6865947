import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { framesOf } from "./http2.js";
import type { AuthorSpec } from "./input.js";
import { finish } from "./finish.js";
import { copyingPair } from "./pair.js";
import { sdkTarget } from "./target.js";
import { Tracker } from "./tracker.js";

/** The bytes that a host sent, split into frames; the preface is the first. */
export interface Capture {
  readonly name: string;
  readonly frames: readonly Buffer[];
}

/** An author without injected faults, for recording hosts. */
export const calmAuthor: AuthorSpec = {
  seed: 0,
  maxDelayTurns: 0,
  waitRate: 0,
  failRate: 0,
  resourceStore: false,
  opensByName: true,
  full: true,
};

/** The time limit for recording a host, in milliseconds. */
const RECORDING_MS = 120_000;

/**
 * Records everything that a host sends to the SDK.
 *
 * @param drive - Plays the host over its end of the connection.
 */
export async function record(name: string, drive: (transport: Duplex) => Promise<void>): Promise<Capture> {
  const tracker = new Tracker();
  const sent: Buffer[] = [];
  const [near, far] = copyingPair({ toNear: (chunk) => sent.push(Buffer.from(chunk)) });
  const running = sdkTarget()(near, calmAuthor, tracker);
  try {
    await drive(far);
  } finally {
    far.destroy();
    near.push(null);
  }
  const faults = await finish(running, tracker, RECORDING_MS);
  if (faults.length > 0) throw new Error(`recording ${name}: ${faults.join("; ")}`);
  return { name, frames: framesOf(Buffer.concat(sent)) };
}

/** Returns a digest of the captures. The same captures and seed make the same inputs. */
export function digestOf(captures: readonly Capture[]): string {
  const hash = createHash("sha256");
  for (const { name, frames } of captures) {
    hash.update(name);
    for (const one of frames) hash.update(one);
  }
  return hash.digest("hex").slice(0, 16);
}
