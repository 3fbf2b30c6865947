// The recorded facts about deployed hosts (fixtures/descriptors): every service, message, field and enum, as JSON.
import { ScalarType } from "@bufbuild/protobuf";
import { collect } from "./compare.js";

const KINDS = {
  unary: "unary",
  server_streaming: "server-stream",
  client_streaming: "client-stream",
  bidi_streaming: "bidi",
};

/** Returns the facts of files. */
export function factsOf(files) {
  const { enums, messages, services } = collect(files);
  return {
    enums: entries(enums, ({ values }) => Object.fromEntries(values.map(({ name, number }) => [name, number]))),
    messages: entries(messages, ({ fields }) => fields.map(fieldFacts)),
    services: entries(services, ({ methods }) => methods.map(methodFacts)),
  };
}

/** Returns the names that OURS has in addition to FACTS: of enums, services and messages as a whole, and of members. */
export function additionsTo(facts, ours) {
  const names = [];
  for (const kind of ["enums", "messages", "services"]) {
    for (const [name, members] of Object.entries(ours[kind])) {
      if (facts[kind][name] === undefined) names.push(name);
      else {
        const known = new Set(namesOf(facts[kind][name]));
        names.push(
          ...namesOf(members)
            .filter((each) => !known.has(each))
            .map((each) => `${name}.${each}`),
        );
      }
    }
  }
  return names.sort();
}

/** Returns facts without the named additions, fields in the order of their numbers. */
export function withoutAdditions(ours, additions) {
  const dropped = new Set(additions);
  const kept = { enums: {}, messages: {}, services: {} };
  for (const [kind, types] of Object.entries(ours)) {
    for (const [name, members] of Object.entries(types)) {
      if (dropped.has(name)) continue;
      const keep = (member) => !dropped.has(`${name}.${member}`);
      kept[kind][name] = Array.isArray(members)
        ? members.filter((member) => keep(member.name))
        : Object.fromEntries(Object.entries(members).filter(([member]) => keep(member)));
      if (kind === "messages") kept[kind][name].sort((a, b) => a.number - b.number);
    }
  }
  return kept;
}

/** Formats facts as they were recorded: sorted keys, one space, and Go's escapes. */
export function formatFacts(facts) {
  const escapes = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" };
  return `${JSON.stringify(sorted(facts), null, 1).replace(/[<>&]/g, (character) => escapes[character])}\n`;
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object") return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}

function entries(map, convert) {
  return Object.fromEntries([...map].map(([name, desc]) => [name, convert(desc)]));
}

function namesOf(members) {
  return Array.isArray(members) ? members.map(({ name }) => name) : Object.keys(members);
}

function methodFacts(method) {
  return {
    name: method.name,
    kind: KINDS[method.methodKind],
    input: method.input.typeName,
    output: method.output.typeName,
  };
}

function fieldFacts(field) {
  const facts = { name: field.name, number: field.number, type: typeOf(field) };
  if (field.oneof !== undefined) facts.oneof = field.oneof.name;
  if (field.fieldKind === "list") facts.repeated = true;
  if (field.proto.proto3Optional) facts.optional = true;
  return facts;
}

function typeOf(field) {
  if (field.fieldKind === "map") {
    const value = field.mapKind === "scalar" ? scalarName(field.scalar) : field.mapKind;
    return `map<${scalarName(field.mapKey)},${value}>`;
  }
  return (field.message ?? field.enum)?.typeName ?? scalarName(field.scalar);
}

function scalarName(type) {
  return ScalarType[type].toLowerCase();
}
