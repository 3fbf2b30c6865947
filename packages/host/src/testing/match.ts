import { isDeepStrictEqual } from "node:util";
import { messagesOf, type RecordedCall } from "../replay/calls.js";

/** Returns the identification of a call: its path and its first request. */
export function labelOf(call: RecordedCall): string {
  return `${call.path} ${JSON.stringify(messagesOf(call, "host")[0] ?? {})}`;
}

/** Returns true if both calls have the same path and first request. */
function sameRequest(one: RecordedCall, other: RecordedCall): boolean {
  return (
    one.path === other.path && isDeepStrictEqual(messagesOf(one, "host")[0] ?? {}, messagesOf(other, "host")[0] ?? {})
  );
}

/** Pairs calls one to one, in the order in which they began. */
export function matchCalls(
  expected: readonly RecordedCall[],
  actual: readonly RecordedCall[],
): { pairs: [RecordedCall, RecordedCall][]; missing: RecordedCall[]; extra: RecordedCall[] } {
  const rest = [...actual];
  const pairs: [RecordedCall, RecordedCall][] = [];
  const missing: RecordedCall[] = [];
  for (const call of expected) {
    const at = rest.findIndex((candidate) => sameRequest(call, candidate));
    const [found] = at < 0 ? [] : rest.splice(at, 1);
    if (found === undefined) missing.push(call);
    else pairs.push([call, found]);
  }
  return { pairs, missing, extra: rest };
}
