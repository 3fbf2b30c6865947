import { calmAuthor } from "../capture.js";
import { finish } from "../finish.js";
import type { AuthorSpec, WireInput } from "../input.js";
import type { Target } from "../target.js";
import { Tracker } from "../tracker.js";
import { settlesWithin, turn } from "../watchdog.js";
import { Wire } from "../wire.js";
import { deliberate, type Pair } from "./deliberate.js";
import { streamOf } from "./frames.js";
import { HostView, type CallView } from "./host-view.js";
import { hasDeadline, hostScript, type HostScript } from "./script.js";

/** The outcome of a script on one server. */
interface Outcome {
  readonly view: HostView;
  /** True if the server ended the connection before the host did. */
  readonly hasEnded: boolean;
  /** The error that ended the connection, if any. */
  readonly error: string | undefined;
  readonly faults: readonly string[];
}

/** Turns of the event loop without any change after which the server counts as idle. */
const QUIET_TURNS = 25;
/** The most turns of the event loop to wait. */
const MOST_TURNS = 5000;

/** The result of one input. */
export interface Comparison {
  /** The differences without a known reason. */
  readonly differences: readonly string[];
  /** The names of the deliberate differences that occurred. */
  readonly met: readonly string[];
}

/** The servers to compare. */
export interface Servers {
  readonly connect: Target;
  readonly framed: Target;
}

/** Returns true if the outcome depends on the bytes alone and not on time. */
export function isComparable(input: WireInput): boolean {
  return !hasDeadline(hostScript(input));
}

/** Sends both servers the same bytes and compares their answers. */
export async function compareServers(input: WireInput, servers: Servers, watchdogMs: number): Promise<Comparison> {
  const script = hostScript(input);
  // No injected faults: they would depend on the order of calls.
  const author = {
    ...calmAuthor,
    resourceStore: input.author.resourceStore,
    opensByName: input.author.opensByName,
    full: input.author.full,
  };
  const connect = await play(script, servers.connect, author, watchdogMs);
  const framed = await play(script, servers.framed, author, watchdogMs);
  const met: string[] = [];
  const unexplained: Pair[] = [];
  let explainedFrom = Infinity;
  for (const pair of pairs(script, connect, framed)) {
    const reason = deliberate.find(({ explains }) => explains(pair));
    if (reason === undefined) unexplained.push(pair);
    else met.push(reason.name);
    if (reason?.hasConsequences === true && pair.what === "call")
      explainedFrom = Math.min(explainedFrom, spanOf(script, pair.stream).first);
  }
  const differences = unexplained
    .filter((pair) => pair.what !== "call" || spanOf(script, pair.stream).last < explainedFrom)
    .map(({ text }) => text);
  for (const [name, { faults }] of [
    ["connect", connect],
    ["framed", framed],
  ] as const)
    differences.push(...faults.map((fault) => `${name}: ${fault}`));
  return { differences, met };
}

/** Returns the range of a stream's frames. A stream can still affect an earlier one until that has ended. */
function spanOf({ frames }: HostScript, stream: number): { readonly first: number; readonly last: number } {
  const isOn = (one: Buffer): boolean => streamOf(one) === stream;
  return { first: frames.findIndex(isOn), last: frames.findLastIndex(isOn) };
}

async function play({ steps }: HostScript, target: Target, author: AuthorSpec, watchdogMs: number): Promise<Outcome> {
  const tracker = new Tracker();
  const view = new HostView();
  const wire = new ViewedWire(view);
  wire.on("error", () => undefined);
  const running = target(wire, author, tracker);
  let seen: unknown;
  void running.closed.then((error) => (seen = error));
  for (const step of steps) {
    if (wire.destroyed) break;
    if (step === "quiet") await quiet(() => wire.output.bytes + tracker.calls);
    else if (step instanceof Uint8Array && !(await settlesWithin(wire.feed(step), watchdogMs)))
      return { view, hasEnded: false, error: undefined, faults: ["hang: the input is not read"] };
  }
  const hasEnded = wire.destroyed;
  wire.leave("end");
  const faults = await finish(running, tracker, watchdogMs);
  return {
    view,
    hasEnded,
    error: hasEnded && seen instanceof Error ? seen.message : undefined,
    faults: [...wire.output.faults(false), ...faults],
  };
}

async function quiet(state: () => number): Promise<void> {
  let before = state();
  for (let calm = 0, all = 0; calm < QUIET_TURNS && all < MOST_TURNS; all += 1) {
    await turn();
    const now = state();
    calm = now === before ? calm + 1 : 0;
    before = now;
  }
}

/** A wire whose output is parsed as a host does. */
class ViewedWire extends Wire {
  readonly #view: HostView;

  constructor(view: HostView) {
    super("all");
    this.#view = view;
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#view.push(chunk);
    super._write(chunk, encoding, callback);
  }
}

/** Yields all differences. */
function* pairs(script: HostScript, connect: Outcome, framed: Outcome): Generator<Pair> {
  if (connect.hasEnded !== framed.hasEnded) {
    const which = framed.hasEnded
      ? `framed ends (${String(framed.error)}), connect goes on`
      : `connect ends (${String(connect.error)}), framed goes on`;
    yield { what: "end", script, connect: connect.error, framed: framed.error, text: `the connection: ${which}` };
  }
  // The answers before the end of a connection depend on timing.
  if (connect.hasEnded || framed.hasEnded) return;
  for (const stream of new Set([...connect.view.calls.keys(), ...framed.view.calls.keys()])) {
    if (script.resets.has(stream)) continue;
    const [one, other] = [connect.view.calls.get(stream), framed.view.calls.get(stream)];
    const [before, after] = [shown(one), shown(other)];
    if (before !== after)
      yield {
        what: "call",
        script,
        stream,
        connect: one,
        framed: other,
        text: `stream ${stream}: connect ${before}, framed ${after}`,
      };
  }
  for (const name of ["ping", "settings"] as const) {
    const [before, after] = [connect.view.answers[name], framed.view.answers[name]];
    if (before !== after)
      yield { what: "answers", script, text: `answers to ${name}: connect ${before}, framed ${after}` };
  }
}

/** Returns the text by which a call is compared. */
function shown(call: CallView | undefined): string {
  if (call === undefined) return "nothing";
  const { httpStatus, messages, rest, status, isEnded, isReset } = call;
  // A reset in place of the end of the answer, with any code. After the end it is irrelevant.
  if (isReset && !isEnded) return "reset";
  return JSON.stringify({ httpStatus, messages, rest: httpStatus === "200" ? rest : "", status, isEnded });
}
