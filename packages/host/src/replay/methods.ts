import type { DescMethod, DescService, JsonValue } from "@bufbuild/protobuf";
import * as v1_0 from "@kloset/protocol/v1.0";
import * as v1_1 from "@kloset/protocol/v1.1";
import type { Generation } from "../hosts.js";

const SERVICES: Readonly<Record<Generation, readonly DescService[]>> = {
  "v1.0": [v1_0.importer.Importer, v1_0.exporter.Exporter, v1_0.store.Store],
  "v1.1": [
    v1_1.importer.Importer,
    v1_1.exporter.Exporter,
    v1_1.store.Store,
    v1_1.secretProvider.SecretProvider,
    v1_1.inventory.Inventory,
  ],
};

/** Finds a method by its path. @throws RangeError if the generation has no such method. */
export function methodAt(generation: Generation, path: string): DescMethod {
  for (const service of SERVICES[generation]) {
    const method = service.methods.find(({ name }) => path === `/${service.typeName}/${name}`);
    if (method !== undefined) return method;
  }
  throw new RangeError(`${generation} has no method ${JSON.stringify(path)}`);
}

/** Replaces each `<N bytes>` of a transcript by data of that length. */
export function withData(json: JsonValue): JsonValue {
  if (typeof json === "string") {
    const length = /^<(\d+) bytes>$/.exec(json)?.[1];
    return length === undefined ? json : Buffer.alloc(Number(length), 0x61).toString("base64");
  }
  if (Array.isArray(json)) return json.map(withData);
  if (json === null || typeof json !== "object") return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, withData(value)]));
}

/** Decodes bytes that a transcript contains in base64 or as `<N bytes>`. */
export function bytesOf(json: JsonValue | undefined): Uint8Array {
  return Buffer.from((withData(json ?? "") as string) || "", "base64");
}
