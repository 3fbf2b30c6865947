import { nearestOf } from "@kloset/config/nearest";
import { RESOURCE_CLASSES } from "@kloset/model";
import { valid } from "semver";
import { CONNECTOR_TYPES } from "../project.js";
import { isConnectorType } from "./manifest.js";
import { quoted, replacing, type Findings, type Located } from "./problem.js";
import type { Fields, ManifestSource } from "./read.js";

/** The flags that a manifest can name. 1.0 hosts know two. */
const LOCATION_FLAGS = ["localfs", "file", "stream", "needack", "nomerge", "exportxattr"];
const FLAGS_OF_1_0 = ["localfs", "file"];

/** Types of connectors by the names that authors use for them. */
const TYPE_HINTS: Readonly<Record<string, string>> = {
  store: "storage",
  source: "importer",
  destination: "exporter",
  provider: "secret_provider",
  secret: "secret_provider",
};

const CLASSES: Readonly<Record<string, readonly string[]>> = RESOURCE_CLASSES;

/** Checks the values of a manifest, apart from the files that it names. */
export function checkValues({ findings, top, connectors }: ManifestSource): void {
  checkTop(findings, top);
  const claimed = new Map<string, number>();
  connectors.forEach((connector, index) => {
    const name = `connector ${index + 1}`;
    checkType(findings, connector, name);
    checkClass(findings, connector, name);
    for (const flag of connector.texts("location_flags")) checkFlag(findings, flag, name);
    for (const protocol of connector.texts("protocols"))
      checkProtocol(findings, protocol, { claimed, index, type: connector.text("type")?.value ?? "" });
    if (connector.text("validator") === undefined)
      findings.add(
        "validator-missing",
        connector.start,
        `${name}: name the JSON Schema of its options in "validator": the control plane builds its form from that`,
      );
    for (const key of ["type", "protocols", "executable"]) checkEmpty(findings, connector, key, name);
  });
}

/** Reports a required key whose value is empty. The reader reports a missing one. */
function checkEmpty(findings: Findings, fields: Fields, key: string, name: string): void {
  if (fields.isEmpty(key))
    findings.add("missing-key", fields.offsetOf(key), `${name}: "${key}" is empty: Plakar needs it`);
}

function checkTop(findings: Findings, top: Fields): void {
  checkEmpty(findings, top, "name", "the manifest");
  const name = top.text("name");
  if (name !== undefined && !/^[A-Za-z0-9-]+$/.test(name.value))
    findings.add("name", name.start, `the name may have letters, digits and hyphens only, got ${quoted(name.value)}`);
  for (const key of ["display_name", "description", "license"]) {
    if (top.text(key) === undefined)
      findings.add("missing-text", top.offsetOf(key), `add "${key}": Plakar's list of integrations shows it`);
  }
  const version = top.text("version");
  if (version === undefined) {
    findings.add(
      "version-missing",
      top.offsetOf("version"),
      'add "version", such as v1.0.0: Plakar 1.0 takes the version of the package from the manifest',
    );
  } else if (!/^v?\d/.test(version.value) || valid(version.value) === null) {
    findings.add("version", version.start, `expected a semantic version such as v1.0.0, got ${quoted(version.value)}`);
  } else if (!version.value.startsWith("v")) {
    const text = `v${version.value}`;
    findings.add("version-prefix", version.start, `write the version with a v: ${text}`, replacing(version, text));
  }
}

function checkType(findings: Findings, connector: Fields, name: string): void {
  const type = connector.text("type");
  if (type === undefined || isConnectorType(type.value)) return;
  const hint = Object.hasOwn(TYPE_HINTS, type.value) ? TYPE_HINTS[type.value] : nearestOf(type.value, CONNECTOR_TYPES);
  const message = `${name}: hosts ignore a connector of the type ${quoted(type.value)}`;
  if (hint === undefined) {
    findings.add("connector-type", type.start, `${message}: expected one of ${CONNECTOR_TYPES.join(", ")}`);
  } else {
    findings.add("connector-type", type.start, `${message}: did you mean "${hint}"?`, replacing(type, hint));
  }
}

function checkClass(findings: Findings, connector: Fields, name: string): void {
  const [resourceClass, subclass] = [connector.text("class"), connector.text("subclass")];
  if (resourceClass === undefined) {
    if (subclass !== undefined)
      findings.add(
        "subclass",
        subclass.start,
        `${name}: the subclass ${quoted(subclass.value)} needs a class: add "class"`,
      );
    return;
  }
  const known = Object.hasOwn(CLASSES, resourceClass.value) ? CLASSES[resourceClass.value] : undefined;
  if (known === undefined) {
    const expected = expectation(resourceClass.value, Object.keys(CLASSES));
    findings.add(
      "class",
      resourceClass.start,
      `${name}: the class ${quoted(resourceClass.value)} is unknown: ${expected}`,
    );
  } else if (subclass !== undefined && !known.includes(subclass.value)) {
    const expected = known.length === 0 ? "it has none: remove the subclass" : expectation(subclass.value, known);
    findings.add(
      "subclass",
      subclass.start,
      `${name}: the class ${resourceClass.value} has no subclass ${quoted(subclass.value)}: ${expected}`,
    );
  }
}

function expectation(word: string, known: readonly string[]): string {
  const near = nearestOf(word, known);
  return near === undefined ? `expected one of ${known.join(", ")}` : `did you mean "${near}"?`;
}

function checkFlag(findings: Findings, flag: Located<string>, name: string): void {
  const shown = quoted(flag.value);
  if (!LOCATION_FLAGS.includes(flag.value)) {
    const near = nearestOf(flag.value, LOCATION_FLAGS);
    const message = `${name}: every host refuses the location flag ${shown}: ${expectation(flag.value, LOCATION_FLAGS)}`;
    findings.add("flag-unknown", flag.start, message, near === undefined ? undefined : replacing(flag, near));
  } else if (!FLAGS_OF_1_0.includes(flag.value)) {
    const isUnreleased = flag.value === "exportxattr";
    const hosts = isUnreleased ? "Plakar 1.0 and 1.1, and plaklet, refuse" : "Plakar 1.0 refuses";
    findings.add(
      isUnreleased ? "flag-unreleased" : "flag-refused",
      flag.start,
      `${name}: ${hosts} a package with the location flag ${shown}: remove it, hosts read it from the answer to Init`,
    );
  }
}

function checkProtocol(
  findings: Findings,
  { value, start }: Located<string>,
  { claimed, index, type }: { claimed: Map<string, number>; index: number; type: string },
): void {
  const name = `connector ${index + 1}`;
  if (!/^[A-Za-z0-9+.-]{2,}$/.test(value)) {
    findings.add(
      "protocol",
      start,
      `${name}: expected a protocol of two or more letters, digits and +.-, as before "://", got ${quoted(value)}`,
    );
    return;
  }
  const claim = `${type} ${value}`;
  const other = claimed.get(claim);
  if (other === undefined) claimed.set(claim, index);
  else
    findings.add(
      "protocol",
      start,
      other === index
        ? `${name} names the protocol ${quoted(value)} twice: remove one of them`
        : `${name} and connector ${other + 1} are both the ${type} of the protocol ${quoted(value)}: hosts load one of them`,
    );
}
