import type { DescMessage } from "@bufbuild/protobuf";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import { readName, runtime, writeName } from "./names.js";
import type { Options } from "./options.js";
import { initType } from "./write.js";

const library = "@bufbuild/protobuf";

/** Prints the functions of a message that protobuf-es reads and writes. They replace those of read.ts and write.ts. */
export function printDelegated(f: GeneratedFile, message: DescMessage, { keepsUnknown }: Options): void {
  const shape = f.importShape(message);
  const schema = f.importSchema(message);
  const merge = [f.import("mergeFromBinary", library), "(", schema, ", before ?? "];
  f.print(f.jsDoc(`Reads the fields of ${message.typeName} with protobuf-es, because it is not a proto3 message.`));
  f.print(
    f.export("function", readName(f, message)),
    ...["(r: ", f.import("Reader", runtime, true), ", before?: ", shape, "): ", shape, " {"],
  );
  f.print(
    ...["  return ", f.import("readDelegated", runtime), "(r, (bytes) => "],
    ...[
      ...merge,
      f.import("create", library),
      "(",
      schema,
      "), bytes, { readUnknownFields: ",
      String(keepsUnknown),
      " }));",
    ],
  );
  f.print("}");
  f.print();
  f.print(f.jsDoc(`Writes the fields of ${message.typeName} with protobuf-es, because it is not a proto3 message.`));
  f.print(
    f.export("function", writeName(f, message)),
    ...["(w: ", f.import("Writer", runtime, true), ", m: ", initType(f, message), "): void {"],
  );
  f.print(
    ...["  ", f.import("writeDelegated", runtime), "(w, ", f.import("toBinary", library), "(", schema, ", "],
    ...[f.import("create", library), "(", schema, ", m), { writeUnknownFields: ", String(keepsUnknown), " }));"],
  );
  f.print("}");
  f.print();
}
