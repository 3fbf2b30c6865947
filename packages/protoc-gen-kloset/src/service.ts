import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import type { Options } from "./options.js";
import { isUnreadIn } from "./unread.js";
import { codecFile, readName, runtime, tableRuntime, writeName } from "./names.js";

/** Prints the table of a service, which is named after it, for example `importerTable`. */
export function printService(f: GeneratedFile, service: DescService, options: Options): void {
  const name = `${service.name.charAt(0).toLowerCase()}${service.name.slice(1)}Table`;
  f.print(f.jsDoc(`The RPCs of ${service.typeName}.`));
  f.print(f.export("const", name), ": ", f.import("ServiceTable", tableRuntime, true), " = {");
  f.print("  typeName: ", f.string(service.typeName), ",");
  f.print("  methods: [");
  for (const method of service.methods) f.print("    ", ...methodTable(f, method, options), ",");
  f.print("  ],");
  f.print("};");
}

function methodTable(f: GeneratedFile, method: DescMethod, options: Options): Printable[] {
  const { name, localName, parent, methodKind, input, output } = method;
  const read = f.import(readName(f, input), codecFile(input.file));
  const write = f.import(writeName(f, output), codecFile(output.file));
  const reading = isUnreadIn(options, method) ? ["r.leavingOut(", read, ")"] : [read, "(r)"];
  // A server reads requests and writes responses.
  return [
    "{ name: ",
    f.string(name),
    ", localName: ",
    f.string(localName),
    ", path: ",
    f.string(`/${parent.typeName}/${name}`),
    ", kind: ",
    f.string(methodKind),
    ", input: ",
    f.import("messageDecoder", runtime),
    "(",
    f.string(input.typeName),
    ", (r) => ",
    ...reading,
    ")",
    ", output: ",
    f.import("messageEncoder", runtime),
    "(",
    f.string(output.typeName),
    ", ",
    write,
    ") }",
  ];
}
