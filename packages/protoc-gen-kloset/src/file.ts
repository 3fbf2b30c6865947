import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import type { GeneratedFile, Schema as AnySchema } from "@bufbuild/protoplugin";
import { printDelegated } from "./delegated.js";
import { isDelegated } from "./field-type.js";
import { everyMessage } from "./messages.js";
import { codecName, readName, runtime, writeName } from "./names.js";
import { printRead } from "./read.js";
import { printService } from "./service.js";
import type { Options } from "./options.js";
import { initType, printWrite } from "./write.js";

type Schema = AnySchema<Options>;

/** Generates the codecs of a file's messages and, in a file of their own, the tables of its services. */
export function generateFile(schema: Schema, file: DescFile): void {
  generateCodecs(schema, file);
  if (file.services.length > 0) generateTables(schema, file);
}

function generateCodecs(schema: Schema, file: DescFile): void {
  const f = schema.generateFile(`${file.name}_codec.ts`);
  f.preamble(file);
  for (const message of everyMessage(file.messages)) {
    // Map entries have no codec of their own.
    if (message.proto.options?.mapEntry === true) continue;
    if (isDelegated(message)) {
      printDelegated(f, message, schema.options);
    } else {
      printRead(f, file, message, schema.options);
      printWrite(f, file, message, schema.options);
    }
    printCodec(f, message);
  }
}

/**
 * Tables have a file of their own, and import the functions instead of the codecs: a server needs only half of each
 * codec, so a bundler can drop the rest.
 */
function generateTables(schema: Schema, file: DescFile): void {
  const f = schema.generateFile(`${file.name}_table.ts`);
  f.preamble(file);
  for (const service of file.services) printService(f, service, schema.options);
}

function printCodec(f: GeneratedFile, message: DescMessage): void {
  const type = [f.import("MessageCodec", runtime, true), "<", f.importShape(message), ", ", initType(f, message), ">"];
  f.print(f.jsDoc(`Reads and writes ${message.typeName}.`));
  f.print(f.export("const", codecName(f, message)), ": ", type, " = /*@__PURE__*/");
  f.print(
    "  ",
    f.import("messageCodec", runtime),
    "(",
    f.string(message.typeName),
    ", (r) => ",
    readName(f, message),
    "(r), ",
    writeName(f, message),
    ");",
  );
  f.print();
}
