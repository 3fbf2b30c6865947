import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** Returns the messages and all messages nested in them. */
export function everyMessage(messages: readonly DescMessage[]): DescMessage[] {
  return messages.flatMap((message) => [message, ...everyMessage(message.nestedMessages)]);
}

/** Returns the fields sorted by number, which is the order in which they are written. */
export function byNumber(message: DescMessage): DescField[] {
  return [...message.fields].sort((a, b) => a.number - b.number);
}

/** @throws Error if a message is recursive: a host could exhaust the stack by nesting it. */
export function refuseRecursion(message: DescMessage, within: readonly DescMessage[] = []): void {
  if (within.includes(message))
    throw new Error(
      `${message.file.name}.proto: ${message.typeName} is recursive, which the generator does not support`,
    );
  for (const field of message.fields)
    if (field.message !== undefined) refuseRecursion(field.message, [...within, message]);
}
