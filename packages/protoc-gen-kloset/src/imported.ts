import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { everyMessage } from "./messages.js";

/**
 * The files whose messages the fields of these files hold, or their methods take and give, and that are not among them. All their messages get codecs:
 * what is written for such a file is the same for everybody who uses it.
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
