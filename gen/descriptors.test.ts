/**
 * Compares the stubs with the recorded descriptors of deployed hosts: every service, method kind, message, field number
 * and type.
 */
import { readFileSync } from "node:fs";
import { ScalarType, type DescEnum, type DescField, type DescFile, type DescMessage } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import * as v1_0 from "./v1.0.js";
import * as v1_1 from "./v1.1.js";

interface Facts {
  enums: Record<string, Record<string, number>>;
  messages: Record<string, FieldFacts[]>;
  services: Record<string, MethodFacts[]>;
}

interface FieldFacts {
  name: string;
  number: number;
  type: string;
  oneof?: string;
  optional?: boolean;
  repeated?: boolean;
}

interface MethodFacts {
  name: string;
  kind: string;
  input: string;
  output: string;
}

const generations = {
  "v1.0": [v1_0.importer.file_v1_0_importer, v1_0.exporter.file_v1_0_exporter, v1_0.store.file_v1_0_store],
  "v1.1": [
    v1_1.connectors.file_v1_1_connectors,
    v1_1.importer.file_v1_1_importer,
    v1_1.exporter.file_v1_1_exporter,
    v1_1.store.file_v1_1_store,
  ],
} as const;

/** Enums and fields that the contract lists in addition to the descriptors. No released host sends any of them. */
const beyond: Record<keyof typeof generations, { enums: string[]; fields: string[] }> = {
  "v1.0": { enums: [], fields: ["importer.Options.excludes"] },
  "v1.1": {
    enums: ["store.StorageFlags"],
    fields: [
      "store.ListRequest.flags",
      "store.PutRequest.flags",
      "store.GetRequest.flags",
      "store.DeleteRequest.flags",
    ],
  },
};

const KINDS = {
  unary: "unary",
  server_streaming: "server-stream",
  client_streaming: "client-stream",
  bidi_streaming: "bidi",
} as const;

describe.each(["v1.0", "v1.1"] as const)("the stubs of generation %s", (generation) => {
  const facts = JSON.parse(
    readFileSync(new URL(`../fixtures/descriptors/descriptors-${generation}.json`, import.meta.url), "utf8"),
  ) as Facts;
  const ours = factsOf(generations[generation]);
  const extra = beyond[generation];

  it("have the services and methods of deployed hosts", () => {
    expect(ours.services).toEqual(facts.services);
  });

  it("have the enums of deployed hosts, and the listed additions", () => {
    expect(Object.keys(ours.enums).sort()).toEqual([...Object.keys(facts.enums), ...extra.enums].sort());
    for (const [name, values] of Object.entries(facts.enums))
      expect({ [name]: ours.enums[name] }).toEqual({ [name]: values });
  });

  it("have the messages of deployed hosts", () => {
    expect(Object.keys(ours.messages).sort()).toEqual(Object.keys(facts.messages).sort());
  });

  it("have the fields of deployed hosts, and the listed additions", () => {
    const found: string[] = [];
    for (const [message, fields] of Object.entries(facts.messages)) {
      const known = new Set(fields.map(({ name }) => name));
      const all = ours.messages[message] ?? [];
      expect({ [message]: byNumber(all.filter(({ name }) => known.has(name))) }).toEqual({
        [message]: byNumber(fields),
      });
      found.push(...all.filter(({ name }) => !known.has(name)).map(({ name }) => `${message}.${name}`));
    }
    expect(found.sort()).toEqual([...extra.fields].sort());
  });
});

function byNumber(fields: readonly FieldFacts[]): FieldFacts[] {
  return [...fields].sort((a, b) => a.number - b.number);
}

function factsOf(files: readonly DescFile[]): Facts {
  const facts: Facts = { enums: {}, messages: {}, services: {} };
  const addEnum = (desc: DescEnum): void => {
    facts.enums[desc.typeName] = Object.fromEntries(desc.values.map(({ name, number }) => [name, number]));
  };
  const addMessage = (desc: DescMessage): void => {
    facts.messages[desc.typeName] = desc.fields.map(fieldFacts);
    desc.nestedMessages.forEach(addMessage);
    desc.nestedEnums.forEach(addEnum);
  };
  for (const file of files) {
    file.enums.forEach(addEnum);
    file.messages.forEach(addMessage);
    for (const service of file.services) {
      facts.services[service.typeName] = service.methods.map((method) => ({
        name: method.name,
        kind: KINDS[method.methodKind],
        input: method.input.typeName,
        output: method.output.typeName,
      }));
    }
  }
  return facts;
}

function fieldFacts(field: DescField): FieldFacts {
  const facts: FieldFacts = { name: field.name, number: field.number, type: typeOf(field) };
  if (field.oneof !== undefined) facts.oneof = field.oneof.name;
  if (field.fieldKind === "list") facts.repeated = true;
  if (field.proto.proto3Optional) facts.optional = true;
  return facts;
}

function typeOf(field: DescField): string {
  if (field.fieldKind === "map") {
    const value = field.mapKind === "scalar" ? scalarName(field.scalar) : field.mapKind;
    return `map<${scalarName(field.mapKey)},${value}>`;
  }
  if (field.message !== undefined) return field.message.typeName;
  if (field.enum !== undefined) return field.enum.typeName;
  return scalarName(field.scalar);
}

function scalarName(type: ScalarType): string {
  return ScalarType[type].toLowerCase();
}
