import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { everyMessage } from "./messages.js";

/**
 * Returns the other files whose messages are used by the fields and methods of these files, directly or indirectly.
 * All their messages get codecs, so that the generated code does not depend on which of them are used.
 */
export function importedFiles(files: readonly DescFile[]): DescFile[] {
  const found = new Set<DescFile>();
  const add = (message: DescMessage | undefined): void => {
    if (message === undefined || files.includes(message.file) || found.has(message.file)) return;
    found.add(message.file);
    visit(message.file);
  };
  const visit = (file: DescFile): void => {
    for (const { fields } of everyMessage(file.messages)) for (const { message } of fields) add(message);
  };
  for (const file of files) {
    visit(file);
    for (const { methods } of file.services) {
      for (const { input, output } of methods) {
        add(input);
        add(output);
      }
    }
  }
  return [...found];
}
