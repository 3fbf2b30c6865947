// Compares two sets of protos by the full names of their services, messages and enums. Paths do not matter.
import { ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";

/** The effect of each difference on deployed hosts and on plugins built from our protos. */
const MEANING = {
  "package added": "No released host knows it. Add it as a proto of its own.",
  "service added": "No released host calls it. Offer it, and expect no call.",
  "rpc added": "No released host calls it. Serve it, never require the call; a host must accept UNIMPLEMENTED.",
  "message added": "Unknown to released hosts: never require it.",
  "field added":
    "Unknown to released hosts: never require it. They skip it when they receive it and never send it, so its absence " +
    "must keep today's meaning.",
  "enum added": "Unknown to released hosts: never require it.",
  "enum value added": "Unknown to released hosts: send it only to a host that is known to understand it.",
  "package removed": "Released hosts still use it: keep it in proto/.",
  "service removed": "Newer hosts no longer call it, released hosts do: keep it in proto/ and keep serving it.",
  "rpc removed": "Newer hosts no longer call it, released hosts do: keep it in proto/ and keep serving it.",
  "message removed": "Released hosts still send or expect it: keep it in proto/.",
  "field removed":
    "Newer hosts neither send nor read it, released hosts do: keep it in proto/, and never reuse its number.",
  "enum removed": "Released hosts still send or expect it: keep it in proto/.",
  "enum value removed": "Released hosts still send or expect it: keep it in proto/, and never reuse its number.",
  "service renamed": "The name is part of every path: serve both names, because released hosts call the old one.",
  "rpc renamed": "The name is part of the path: serve both names, because released hosts call the old one.",
  "message renamed": "The wire does not carry the name: keep ours, or rename its uses in the code.",
  "field renamed": "The wire carries only the number: keep our name, because transcripts and stubs use it.",
  "oneof renamed": "The wire does not carry the name: keep ours.",
  "enum renamed": "The wire does not carry the name: keep ours, or rename its uses in the code.",
  "enum value renamed": "The wire carries only the number: keep our name, because transcripts and stubs use it.",
  "field renumbered":
    "Released hosts send the old number, and may read the new one as something else: it needs a generation of its own.",
  "enum value renumbered": "Released hosts mean the old number: it needs a generation of its own.",
  "rpc changed in kind": "Released hosts call it the old way and would hang or fail: it needs a generation of its own.",
  "rpc changed in type": "Released hosts send and expect the old message: it needs a generation of its own.",
  "field changed in type":
    "Released hosts read the bytes as the old type, perhaps unnoticed: it needs a generation of its own.",
  "field changed in cardinality":
    "Released hosts keep one value or refuse the message: it needs a generation of its own.",
  "field changed in oneof": "Setting it clears other fields on one side only: it needs a generation of its own.",
  "field changed in presence":
    "The bytes of a set value stay the same, but only one side tells zero from absent: treat both alike.",
};

/** Differences that the wire does not show to released hosts. */
const COMPATIBLE = new Set([
  ...Object.keys(MEANING).filter((key) => key.endsWith(" added")),
  "message renamed",
  "field renamed",
  "oneof renamed",
  "enum renamed",
  "enum value renamed",
  "field changed in presence",
]);

/**
 * Compares two sets of files and returns their differences, in the order of their names.
 *
 * @param ours - the files that deployed hosts and plugins use
 * @param theirs - the files of another version
 */
export function compareProtos(ours, theirs) {
  const found = [];
  const add = (element, change, name, detail, file) => {
    const key = `${element} ${change}`;
    found.push({ element, change, name, detail, file, compatible: COMPATIBLE.has(key), meaning: MEANING[key] });
  };
  const before = collect(ours);
  const after = collect(theirs);

  const goneFrom = (one, other) => [...one.packages.keys()].filter((name) => !other.packages.has(name));
  const addedPackages = new Set(goneFrom(after, before));
  const removedPackages = new Set(goneFrom(before, after));
  for (const name of addedPackages) add("package", "added", name, "", after.packages.get(name));
  for (const name of removedPackages) add("package", "removed", name, "", before.packages.get(name));

  const messages = pair(before.messages, after.messages, messageShape);
  const enums = pair(before.enums, after.enums, enumShape);
  const services = pair(before.services, after.services, serviceShape);
  const newName = new Map([...messages.renamed, ...enums.renamed].map(([a, b]) => [a.typeName, b.typeName]));
  // The name of a type of ours in the other version.
  const renamed = (name) => newName.get(name) ?? name;
  for (const [element, { added, removed, renamed: pairs }] of [
    ["service", services],
    ["message", messages],
    ["enum", enums],
  ]) {
    for (const desc of added) {
      if (!addedPackages.has(desc.file.proto.package)) add(element, "added", desc.typeName, "", desc.file.proto.name);
    }
    for (const desc of removed) {
      if (!removedPackages.has(desc.file.proto.package))
        add(element, "removed", desc.typeName, "", desc.file.proto.name);
    }
    for (const [a, b] of pairs) add(element, "renamed", a.typeName, `to ${b.typeName}`, a.file.proto.name);
  }
  for (const [a, b] of [...services.same, ...services.renamed]) compareServices(a, b, renamed, add);
  for (const [a, b] of [...messages.same, ...messages.renamed]) compareMessages(a, b, renamed, add);
  for (const [a, b] of [...enums.same, ...enums.renamed]) compareEnums(a, b, add);
  return found.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

/** Returns the elements of files by their full names, nested ones included, and the file of each package. */
export function collect(files) {
  const all = { packages: new Map(), services: new Map(), messages: new Map(), enums: new Map() };
  const addMessage = (desc) => {
    all.messages.set(desc.typeName, desc);
    desc.nestedMessages.forEach(addMessage);
    for (const each of desc.nestedEnums) all.enums.set(each.typeName, each);
  };
  for (const file of files) {
    all.packages.set(file.proto.package, file.proto.name);
    for (const each of file.services) all.services.set(each.typeName, each);
    for (const each of file.enums) all.enums.set(each.typeName, each);
    file.messages.forEach(addMessage);
  }
  return all;
}

// Pairs elements by name, and the rest by shape if exactly one on each side of the same package has it.
function pair(before, after, shapeOf) {
  const same = [...before.values()].filter((a) => after.has(a.typeName)).map((a) => [a, after.get(a.typeName)]);
  let removed = [...before.values()].filter(({ typeName }) => !after.has(typeName));
  let added = [...after.values()].filter(({ typeName }) => !before.has(typeName));
  const inPackage = (desc) => JSON.stringify([desc.file.proto.package, shapeOf(desc)]);
  const renamed = pairOnly(removed, added, inPackage, (desc) => shapeOf(desc).length > 0);
  removed = removed.filter((desc) => !renamed.some(([a]) => a === desc));
  added = added.filter((desc) => !renamed.some(([, b]) => b === desc));
  return { same, removed, added, renamed };
}

function pairOnly(removed, added, keyOf, eligible = () => true) {
  return removed.filter(eligible).flatMap((a) => {
    const partners = added.filter((b) => keyOf(b) === keyOf(a));
    const alone = removed.filter((other) => keyOf(other) === keyOf(a)).length === 1 && partners.length === 1;
    return alone ? [[a, partners[0]]] : [];
  });
}

const messageShape = (desc) =>
  desc.fields.map((field) => [field.number, field.name, typeOf(field), cardinalityOf(field)]);
const enumShape = (desc) => desc.values.map(({ name, number }) => [number, name]);
const serviceShape = (desc) => desc.methods.map((method) => [method.name, signatureOf(method)]);
const signatureOf = (method) => `${method.methodKind}(${method.input.typeName}, ${method.output.typeName})`;

function compareServices(a, b, renamed, add) {
  const file = a.file.proto.name;
  const nameOf = (method) => `${a.typeName}.${method.name}`;
  const after = new Map(b.methods.map((method) => [method.name, method]));
  const before = new Set(a.methods.map(({ name }) => name));
  let removed = a.methods.filter(({ name }) => !after.has(name));
  let added = b.methods.filter(({ name }) => !before.has(name));
  const pairs = pairOnly(removed, added, signatureOf);
  removed = removed.filter((method) => !pairs.some(([each]) => each === method));
  added = added.filter((method) => !pairs.some(([, each]) => each === method));
  for (const method of removed) add("rpc", "removed", nameOf(method), signatureOf(method), file);
  for (const method of added) add("rpc", "added", nameOf(method), signatureOf(method), file);
  for (const [from, to] of pairs) add("rpc", "renamed", nameOf(from), `to ${to.name}`, file);
  for (const method of a.methods) {
    const other = after.get(method.name);
    if (other === undefined) continue;
    if (method.methodKind !== other.methodKind)
      add("rpc", "changed in kind", nameOf(method), `${method.methodKind} to ${other.methodKind}`, file);
    for (const side of ["input", "output"]) {
      if (renamed(method[side].typeName) !== other[side].typeName)
        add(
          "rpc",
          "changed in type",
          nameOf(method),
          `${side}: ${method[side].typeName} to ${other[side].typeName}`,
          file,
        );
    }
  }
}

function compareMessages(a, b, renamed, add) {
  const file = a.file.proto.name;
  const nameOf = (field) => `${a.typeName}.${field.name}`;
  const describe = (field) => {
    const oneof = field.oneof === undefined ? "" : ` in oneof ${field.oneof.name}`;
    return `${cardinalityOf(field)}${typeOf(field)} = ${field.number}${oneof}`;
  };
  const { removed, added, same, renumbered, renamedPairs } = pairMembers(
    a.fields,
    b.fields,
    (one, other) => typeOf(one, renamed) === typeOf(other) && cardinalityOf(one) === cardinalityOf(other),
  );
  for (const field of removed) add("field", "removed", nameOf(field), describe(field), file);
  for (const field of added) add("field", "added", nameOf(field), describe(field), file);
  for (const [from, to] of renumbered) add("field", "renumbered", nameOf(from), `${from.number} to ${to.number}`, file);
  for (const [from, to] of renamedPairs) add("field", "renamed", nameOf(from), `to ${to.name}`, file);
  const oneofs = pairOnly(
    a.oneofs.filter(({ name }) => !b.oneofs.some((each) => each.name === name)),
    b.oneofs,
    numbersOf,
  );
  for (const [from, to] of oneofs) add("oneof", "renamed", nameOf(from), `to ${to.name}`, file);
  for (const [from, to] of [...same, ...renumbered, ...renamedPairs]) {
    const change = (what, before, after) => {
      if (before !== after) add("field", `changed in ${what}`, nameOf(from), `${before} to ${after}`, file);
    };
    change("type", typeOf(from, renamed), typeOf(to));
    change("cardinality", cardinalityOf(from).trim() || "singular", cardinalityOf(to).trim() || "singular");
    if (!oneofs.some(([one, other]) => from.oneof === one && to.oneof === other))
      change("oneof", from.oneof?.name ?? "none", to.oneof?.name ?? "none");
    if (from.oneof === undefined && to.oneof === undefined && from.message === undefined && to.message === undefined)
      change("presence", presenceOf(from), presenceOf(to));
  }
}

function compareEnums(a, b, add) {
  const file = a.file.proto.name;
  const nameOf = (value) => `${a.typeName}.${value.name}`;
  const { removed, added, renumbered, renamedPairs } = pairMembers(a.values, b.values, () => true);
  for (const value of removed) add("enum value", "removed", nameOf(value), `${value.number}`, file);
  for (const value of added) add("enum value", "added", nameOf(value), `${value.number}`, file);
  for (const [from, to] of renumbered)
    add("enum value", "renumbered", nameOf(from), `${from.number} to ${to.number}`, file);
  for (const [from, to] of renamedPairs) add("enum value", "renamed", nameOf(from), `to ${to.name}`, file);
}

// Pairs fields or enum values by name, then by number if `alike` agrees that only the name has changed.
function pairMembers(before, after, alike) {
  const byName = new Map(after.map((each) => [each.name, each]));
  const named = before.filter(({ name }) => byName.has(name)).map((each) => [each, byName.get(each.name)]);
  const namesBefore = new Set(before.map(({ name }) => name));
  let removed = before.filter(({ name }) => !byName.has(name));
  let added = after.filter(({ name }) => !namesBefore.has(name));
  const renamedPairs = removed.flatMap((one) => {
    const other = added.find((each) => each.number === one.number && alike(one, each));
    return other === undefined ? [] : [[one, other]];
  });
  removed = removed.filter((each) => !renamedPairs.some(([one]) => one === each));
  added = added.filter((each) => !renamedPairs.some(([, other]) => other === each));
  return {
    removed,
    added,
    renamedPairs,
    same: named.filter(([one, other]) => one.number === other.number),
    renumbered: named.filter(([one, other]) => one.number !== other.number),
  };
}

function typeOf(field, renamed = (name) => name) {
  if (field.fieldKind === "map") {
    const value = field.message ?? field.enum;
    const valueName = value === undefined ? scalarName(field.scalar) : renamed(value.typeName);
    return `map<${scalarName(field.mapKey)}, ${valueName}>`;
  }
  const named = field.message ?? field.enum;
  return named === undefined ? scalarName(field.scalar) : renamed(named.typeName);
}

const scalarName = (type) => ScalarType[type].toLowerCase();
const presenceOf = ({ presence }) => Presence[presence].toLowerCase();

function cardinalityOf(field) {
  if (field.fieldKind === "list") return "repeated ";
  return field.presence === Presence.LEGACY_REQUIRED ? "required " : "";
}

const numbersOf = (oneof) => oneof.fields.map(({ number }) => number).join();
