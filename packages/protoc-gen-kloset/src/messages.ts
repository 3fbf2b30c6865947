import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** The messages, and those that are defined within them. */
export function everyMessage(messages: readonly DescMessage[]): DescMessage[] {
  return messages.flatMap((message) => [message, ...everyMessage(message.nestedMessages)]);
}

/** Fields by their numbers: the order in which they are written. */
export function byNumber(message: DescMessage): DescField[] {
  return [...message.fields].sort((a, b) => a.number - b.number);
}

/** @throws Error when a message can hold itself: what a host nests without end must not take the stack. */
export function refuseRecursion(message: DescMessage, within: readonly DescMessage[] = []): void {
  if (within.includes(message))
    throw new Error(
      `${message.file.name}.proto: ${message.typeName} can hold itself: the generator knows no such message`,
    );
  for (const field of message.fields)
    if (field.message !== undefined) refuseRecursion(field.message, [...within, message]);
}
