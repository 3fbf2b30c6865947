import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import type { GeneratedFile, Schema } from "@bufbuild/protoplugin";
import { everyMessage, refuseRecursion } from "./messages.js";
import { codecName, readName, runtime, writeName } from "./names.js";
import { printRead } from "./read.js";
import { printService } from "./service.js";
import { initType, printWrite } from "./write.js";

/** Writes the codecs of a file's messages, and the tables of its services. */
export function generateFile(schema: Schema, file: DescFile): void {
  const f = schema.generateFile(`${file.name}_codec.ts`);
  f.preamble(file);
  for (const message of everyMessage(file.messages)) {
    // An entry of a map is no message of its own.
    if (message.proto.options?.mapEntry === true) continue;
    refuseRecursion(message);
    printRead(f, file, message);
    printWrite(f, file, message);
    printCodec(f, message);
  }
  for (const service of file.services) printService(f, file, service);
}

function printCodec(f: GeneratedFile, message: DescMessage): void {
  const type = [f.import("MessageCodec", runtime, true), "<", f.importShape(message), ", ", initType(f, message), ">"];
  f.print(f.jsDoc(`Reads and writes ${message.typeName}.`));
  f.print(f.export("const", codecName(message)), ": ", type, " = /*@__PURE__*/");
  f.print("  ", f.import("messageCodec", runtime), "(", f.string(message.typeName), ", (r) => ", readName(message), "(r), ", writeName(message), ");");
  f.print();
}
