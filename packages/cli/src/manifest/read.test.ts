import { describe, expect, it } from "@jest/globals";
import { manifestText } from "./manifest.js";
import { manifestOf, parseManifest } from "./read.js";
import { checkValues } from "./values.js";

/** A manifest without a fault. */
const sound = `# Notes of all kinds.
name: notes
display_name: Notes
description: Keeps notes
license: ISC
version: v1.2.3
connectors:
  - type: importer # reads
    class: service
    subclass: sftp
    protocols: [notes, notes+http]
    location_flags: [localfs]
    validator: schema.json
    executable: notes-importer
`;

/** Returns the problems of a text as `line:column rule`. */
function problemsOf(text: string): string[] {
  return located(text).map(({ line, column, rule }) => `${line}:${column} ${rule}`);
}

function located(text: string): ReturnType<ReturnType<typeof parseManifest>["findings"]["inOrder"]> {
  const source = parseManifest("manifest.yaml", text);
  if (source.isReadable) checkValues(source);
  return source.findings.inOrder();
}

/** Returns the sound manifest with one line replaced. */
function withLine(line: string, replacement: string): string {
  expect(sound).toContain(line);
  return sound.replace(line, replacement);
}

describe("a sound manifest", () => {
  it("has no problem", () => {
    expect(problemsOf(sound)).toEqual([]);
  });

  it("is read, and written as it was read", () => {
    const manifest = manifestOf(parseManifest("manifest.yaml", sound));
    expect(manifest).toEqual({
      name: "notes",
      displayName: "Notes",
      description: "Keeps notes",
      license: "ISC",
      version: "v1.2.3",
      connectors: [
        {
          type: "importer",
          class: "service",
          subclass: "sftp",
          protocols: ["notes", "notes+http"],
          locationFlags: ["localfs"],
          validator: "schema.json",
          executable: "notes-importer",
        },
      ],
    });
    expect(manifestOf(parseManifest("manifest.yaml", manifestText(manifest)))).toEqual(manifest);
  });

  it.each([
    ["Windows line ends", sound.replaceAll("\n", "\r\n")],
    ["a byte order mark", `\ufeff${sound}`],
    ["document markers", `---\n${sound}...\n`],
    ["quotes", withLine("name: notes", "\"name\": 'notes'")],
    ["empty optional keys", withLine("# reads", "\n    args:\n    extra_files: ~")],
    ["an alias", withLine("[localfs]", "&flags [localfs]").concat("    args: *flags\n")],
    [
      "a merged mapping",
      `${withLine("  - type: importer # reads", "  - &common\n    type: importer")}  - <<: *common\n    type: exporter\n`,
    ],
  ])("may have %s", (_, text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  it("keeps the digits of a number", () => {
    const source = parseManifest("manifest.yaml", withLine("description: Keeps notes", "description: 1.10"));
    expect(manifestOf(source).description).toBe("1.10");
  });
});

describe("the linter", () => {
  it.each([
    ["an empty file", "", ["1:1 yaml-syntax"]],
    ["a text", "notes\n", ["1:1 yaml-syntax"]],
    ["a list", "- notes\n", ["1:1 yaml-syntax"]],
    ["a syntax error", withLine("[notes, notes+http]", "[notes"), ["12:5 yaml-syntax"]],
    ["a second document", `${sound}---\nname: other\n`, ["15:1 yaml-syntax"]],
    ["a duplicate key", withLine("license: ISC", "license: ISC\nname: other"), ["6:1 duplicate-key"]],
    ["a number as the key", withLine("license: ISC", "license: ISC\n? [a]\n: b"), ["6:3 wrong-type"]],
    ["flags", withLine("location_flags:", "flags:"), ["12:5 misspelt-key"]],
    ["a misspelt key", withLine("display_name:", "displayName:"), ["3:1 misspelt-key"]],
    [
      "a misspelt key beside the right one",
      withLine("license: ISC", "license: ISC\nLicence: MIT"),
      ["6:1 misspelt-key"],
    ],
    ["a text as a list", withLine("[notes, notes+http]", "notes"), ["11:16 wrong-type"]],
    ["a list as a text", withLine("notes-importer", "[notes-importer]"), ["14:17 wrong-type"]],
    ["a map in a list", withLine("[localfs]", "[{ a: b }]"), ["12:22 wrong-type"]],
    ["a connector that is a text", `${sound}  - notes\n`, ["15:5 wrong-type"]],
    ["connectors that are a map", sound.replace("  - type", "    type"), ["8:5 wrong-type"]],
    [
      "a key of the top in a connector",
      withLine("    executable:", "    homepage: a\n    executable:"),
      ["14:5 unknown-key"],
    ],
    ["a key of a connector at the top", withLine("license: ISC", "license: ISC\nargs: []"), ["6:1 unknown-key"]],
    ["an unknown key", withLine("license: ISC", "license: ISC\nmaintainers: me"), ["6:1 unknown-key"]],
    ["no name", withLine("name: notes\n", ""), ["2:1 missing-key"]],
    ["an empty name", withLine("name: notes", "name:"), ["2:1 missing-key"]],
    ["an empty text as the name", withLine("name: notes", "name: ''"), ["2:1 missing-key"]],
    ["no connectors", sound.slice(0, sound.indexOf("connectors:")), ["2:1 missing-key"]],
    ["empty connectors", `${sound.slice(0, sound.indexOf("connectors:"))}connectors: []\n`, ["7:13 missing-key"]],
    ["no protocols", withLine("    protocols: [notes, notes+http]\n", ""), ["8:5 missing-key"]],
    ["empty protocols", withLine("[notes, notes+http]", "[]"), ["11:5 missing-key"]],
    ["no description", withLine("description: Keeps notes\n", ""), ["2:1 missing-text"]],
    ["a name with an underscore", withLine("name: notes", "name: my_notes"), ["2:7 name"]],
    ["no version", withLine("version: v1.2.3\n", ""), ["2:1 version-missing"]],
    ["a version without v", withLine("v1.2.3", "1.2.3"), ["6:10 version-prefix"]],
    ["a version with a point after the v", withLine("v1.2.3", "v.1.2.3-beta"), ["6:10 version"]],
    ["a version with two v", withLine("v1.2.3", "vv1.2.3"), ["6:10 version"]],
    ["a version of two numbers", withLine("v1.2.3", "1.10"), ["6:10 version"]],
    ["an unknown type", withLine("importer # reads", "store"), ["8:11 connector-type"]],
    ["an unknown class", withLine("class: service", "class: filesystem"), ["9:12 class"]],
    ["the subclass of another class", withLine("subclass: sftp", "subclass: s3"), ["10:15 subclass"]],
    ["a subclass without a class", withLine("    class: service\n", ""), ["9:15 subclass"]],
    ["a location as the protocol", withLine("[notes, notes+http]", "['notes://']"), ["11:17 protocol"]],
    ["a protocol of one letter", withLine("[notes, notes+http]", "[n]"), ["11:17 protocol"]],
    ["a protocol twice", withLine("[notes, notes+http]", "[notes, notes]"), ["11:24 protocol"]],
    ["an unknown flag", withLine("[localfs]", "[localfs, local]"), ["12:31 flag-unknown"]],
    ["a flag of the next host", withLine("[localfs]", "[exportxattr]"), ["12:22 flag-unreleased"]],
    ["flags of 1.1", withLine("[localfs]", "[stream, needack]"), ["12:22 flag-refused", "12:30 flag-refused"]],
    ["no validator", withLine("    validator: schema.json\n", ""), ["8:5 validator-missing"]],
  ])("finds %s", (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  it("finds two connectors of one type and protocol", () => {
    const text = `${sound}${sound.slice(sound.indexOf("  - type"))}`;
    expect(located(text)).toMatchObject([
      { rule: "protocol", line: 18, message: expect.stringContaining('both the importer of the protocol "notes"') },
      { rule: "protocol", line: 18 },
    ]);
  });

  it.each([
    ["flags: [localfs]", 'connector 1: hosts ignore the key "flags": did you mean "location_flags"?'],
    ["homepage: x", 'connector 1: hosts ignore "homepage" here: move it to the top of the file'],
    ["protocols: notes", 'connector 1: expected a list for "protocols": write protocols: [notes]'],
    ["type: store", 'connector 1: hosts ignore a connector of the type "store": did you mean "storage"?'],
    ["type: thing", "expected one of importer, exporter, storage, secret_provider, inventory"],
    ["subclass: sftp", 'connector 1: the subclass "sftp" needs a class: add "class"'],
    ["class: databse", 'connector 1: the class "databse" is unknown: did you mean "database"?'],
    ["location_flags: [\u001b[2J]", String.raw`the location flag "\u001b[2J"`],
  ])("says what to do about %s", (line, message) => {
    const key = line.slice(0, line.indexOf(":"));
    const isWritten = line.includes("\u001b");
    const written = isWritten ? String.raw`location_flags: ["\e[2J"]` : line;
    const messages = located(`connectors:\n  - ${written}\n`).map((problem) => problem.message);
    expect({ key, messages }).toEqual({ key, messages: expect.arrayContaining([expect.stringContaining(message)]) });
  });

  it("survives a mapping that merges itself", () => {
    expect(problemsOf("name: a\nconnectors:\n  - &self\n    <<: *self\n")).toContain("4:5 missing-key");
  });
});

describe("the shapes of Plakar's own integrations", () => {
  const connectors = (...lines: string[]): string => `connectors:\n${lines.map((line) => `${line}\n`).join("")}`;

  it.each<[string, string, string[]]>([
    [
      "a list that is not indented, with keys of the top in each connector",
      `name: a1\ndisplay_name: A\ndescription: a\napi_version: v1.1.0\ntier: official\ncontact: mailto:a@example.org\n${connectors(
        "- type: importer",
        "  executable: aImporter",
        "  homepage: https://example.org",
        "  license: ISC",
        "  protocols: [a1]",
        "  validator: ./importer/schema.json",
        "  class: compute",
      )}`,
      ["missing-text", "version-missing", "unknown-key", "unknown-key"],
    ],
    [
      "flags in place of location_flags, and paths with a point",
      `name: b1\ndisplay_name: B\ndescription: b\nhomepage: https://example.org\nlicense: ISC\n${connectors(
        "  - type: storage",
        "    executable: ./b-storage",
        "    protocols: [b1+export, b1+backup]",
        "    flags: [needack]",
        "    validator: ./cmd/storage/schema.json",
      )}`,
      ["version-missing", "misspelt-key", "flag-refused"],
    ],
    [
      "a version with a point after the v, and no validator",
      `name: c1\ndisplay_name: C\ndescription: c\nversion: v.1.0.0-beta\nlicense: ISC\n${connectors(
        "- type: importer",
        "  executable: cImporter",
        "  protocols: ['c1']",
      )}`,
      ["version", "validator-missing"],
    ],
    [
      "nothing but a name",
      "name: grpc\ndescription: d\nversion: v0.1.0\n",
      ["missing-key", "missing-text", "missing-text"],
    ],
    [
      "an inventory beside an importer of the same protocol",
      `name: k8\ndisplay_name: K\ndescription: k\nlicense: ISC\nversion: v1.0.0\n${connectors(
        "- {type: importer, executable: k, protocols: [k8], validator: k.json, class: block-storage, subclass: pvc}",
        "- {type: inventory, executable: i, protocols: [k8], validator: i.json}",
      )}`,
      [],
    ],
  ])("finds the faults of %s", (_, text, rules) => {
    expect(located(text).map(({ rule }) => rule)).toEqual(rules);
  });
});
