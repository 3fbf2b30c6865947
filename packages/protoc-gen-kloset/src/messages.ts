import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isDelegated } from "./field-type.js";

/** Returns the messages and all messages nested in them. */
export function everyMessage(messages: readonly DescMessage[]): DescMessage[] {
  return messages.flatMap((message) => [message, ...everyMessage(message.nestedMessages)]);
}

/** Returns the fields sorted by number, which is the order in which they are written. */
export function byNumber(message: DescMessage): DescField[] {
  return [...message.fields].sort((a, b) => a.number - b.number);
}

const recursive = new WeakMap<DescMessage, boolean>();

/** Returns true if a message can contain itself. The functions of such messages count their depth. */
export function isRecursive(message: DescMessage): boolean {
  let is = recursive.get(message);
  if (is === undefined) {
    is = contains(message, message, new Set());
    recursive.set(message, is);
  }
  return is;
}

function contains(outer: DescMessage, message: DescMessage, seen: Set<DescMessage>): boolean {
  // protobuf-es counts the depth of its own messages.
  if (isDelegated(outer)) return false;
  return outer.fields.some((field) => {
    if (field.message === undefined) return false;
    if (field.message === message) return true;
    if (seen.has(field.message)) return false;
    seen.add(field.message);
    return contains(field.message, message, seen);
  });
}
