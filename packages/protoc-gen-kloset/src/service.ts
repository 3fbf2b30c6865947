import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import { codecName, reference, runtime } from "./names.js";

/** Prints the table of a service: its name is the service's, as `importerTable`. */
export function printService(f: GeneratedFile, here: DescFile, service: DescService): void {
  const name = `${service.name.charAt(0).toLowerCase()}${service.name.slice(1)}Table`;
  f.print(f.jsDoc(`The RPCs of ${service.typeName}.`));
  f.print(f.export("const", name), ": ", f.import("ServiceTable", runtime, true), " = {");
  f.print("  typeName: ", f.string(service.typeName), ",");
  f.print("  methods: [");
  for (const method of service.methods) f.print("    ", ...methodTable(f, here, method), ",");
  f.print("  ],");
  f.print("};");
}

function methodTable(f: GeneratedFile, here: DescFile, method: DescMethod): Printable[] {
  const { name, localName, parent, methodKind, input, output } = method;
  return [
    "{ name: ", f.string(name), ", localName: ", f.string(localName), ", path: ", f.string(`/${parent.typeName}/${name}`),
    ", kind: ", f.string(methodKind),
    ", input: ", reference(f, here, input, codecName(input)), ", output: ", reference(f, here, output, codecName(output)), " }",
  ];
}
