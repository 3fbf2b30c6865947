import type { DescMethod, DescService } from "@bufbuild/protobuf";
import * as v1_0 from "@kloset/protocol/v1.0";
import * as v1_1 from "@kloset/protocol/v1.1";

/** A generation of the protocol as seen on the wire. */
export interface WireGeneration {
  readonly name: "v1.0" | "v1.1";
  readonly userAgent: string;
  readonly services: readonly [DescService, ...DescService[]];
}

/** Both generations of the protocol. */
export const wireGenerations: readonly [WireGeneration, WireGeneration] = [
  {
    name: "v1.0",
    userAgent: "grpc-go/1.77.0",
    services: [v1_0.importer.Importer, v1_0.exporter.Exporter, v1_0.store.Store],
  },
  {
    name: "v1.1",
    userAgent: "grpc-go/1.81.1",
    services: [
      v1_1.importer.Importer,
      v1_1.exporter.Exporter,
      v1_1.store.Store,
      v1_1.secretProvider.SecretProvider,
      v1_1.inventory.Inventory,
    ],
  },
];

/** Returns the path of a method. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** Finds the method of a path. @throws Error if the generation has no such method. */
export function methodAt({ name, services }: WireGeneration, path: string): DescMethod {
  for (const { methods } of services) {
    const method = methods.find((one) => pathOf(one) === path);
    if (method !== undefined) return method;
  }
  throw new Error(`${name} has no ${path}`);
}
