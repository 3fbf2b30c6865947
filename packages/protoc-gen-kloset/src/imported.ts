import type { DescFile } from "@bufbuild/protobuf";
import { everyMessage } from "./messages.js";

/**
 * The files whose messages the fields of these files hold, and that are not among them. All their messages get codecs:
 * what is written for such a file is the same for everybody who uses it.
 */
export function importedFiles(files: readonly DescFile[]): DescFile[] {
  const found = new Set<DescFile>();
  const visit = (file: DescFile): void => {
    for (const { fields } of everyMessage(file.messages)) {
      for (const { message } of fields) {
        if (message === undefined || files.includes(message.file) || found.has(message.file)) continue;
        found.add(message.file);
        visit(message.file);
      }
    }
  };
  files.forEach(visit);
  return [...found];
}
