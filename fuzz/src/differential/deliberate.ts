import type { CallView } from "./host-view.js";
import type { HostScript } from "./script.js";

/** One thing in which the servers differ. */
export type Pair =
  | { readonly what: "end"; readonly script: HostScript; readonly connect: string | undefined; readonly framed: string | undefined; readonly text: string }
  | { readonly what: "call"; readonly script: HostScript; readonly stream: number; readonly connect: CallView | undefined; readonly framed: CallView | undefined; readonly text: string }
  | { readonly what: "answers"; readonly script: HostScript; readonly text: string };

/** A difference that is meant to be. */
interface Deliberate {
  readonly name: string;
  /** Why the framed server does otherwise. */
  readonly why: string;
  readonly explains: (pair: Pair) => boolean;
}

/** All of them. */
export const deliberate: readonly Deliberate[] = [];
