// Compares protos as `npm run protos:compare` does. Every case is a package of its own, so that buf runs only twice.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { top } from "../scripts/packages.js";
import { compareProtos, type Difference } from "../scripts/protos/compare.js";
import { readProtos } from "../scripts/protos/read.js";

const folder = mkdtempSync(join(tmpdir(), "kloset-protos-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const M = "message A {} message B {} ";
const message = (fields: string): string => `enum E { ZERO = 0; } message X { ${fields} }`;
const service = (methods: string): string => `${M} service S { ${methods} }`;
const anEnum = (values: string): string => `enum E { ${values} }`;

/** Title, the protos before and after, and the differences without the package: compatible ones begin with "+". */
// prettier-ignore
const cases: readonly (readonly [string, string, string, ...string[]])[] = [
  ["nothing", message("int32 a = 1;"), message("int32 a = 1; // A comment.\n")],
  ["an added message", "", M, "+message A added", "+message B added"],
  ["a removed message", M, "message A {}", "!message B removed"],
  ["a renamed message", message("int32 a = 1; E e = 2;"), message("int32 a = 1; E e = 2;").replace("X", "Y"), "+message X renamed"],
  [
    "a renamed message in use",
    "message P { int32 a = 1; } message Q { P p = 1; map<string, P> m = 2; }",
    "message R { int32 a = 1; } message Q { R p = 1; map<string, R> m = 2; }",
    "+message P renamed",
  ],
  ["a nested message", "message X {}", "message X { message Y {} }", "+message X.Y added"],
  ["an added field", message(""), message("int32 a = 1;"), "+field X.a added"],
  ["a removed field", message("int32 a = 1;"), message("reserved 1;"), "!field X.a removed"],
  ["a renamed field", message("int32 a = 1;"), message("int32 b = 1;"), "+field X.a renamed"],
  ["a renumbered field", message("int32 a = 1;"), message("int32 a = 2;"), "!field X.a renumbered"],
  ["swapped numbers", message("int32 a = 1; int32 b = 2;"), message("int32 a = 2; int32 b = 1;"), "!field X.a renumbered", "!field X.b renumbered"],
  ["a number used again", message("int32 a = 1;"), message("string b = 1;"), "!field X.a removed", "+field X.b added"],
  ["another scalar type", message("int32 a = 1;"), message("sint32 a = 1;"), "!field X.a changed in type"],
  ["an enum in place of a number", message("int32 a = 1;"), message("E a = 1;"), "!field X.a changed in type"],
  ["another type of map values", message("map<string, string> a = 1;"), message("map<string, bytes> a = 1;"), "!field X.a changed in type"],
  ["another type of map keys", message("map<string, string> a = 1;"), message("map<int32, string> a = 1;"), "!field X.a changed in type"],
  ["another cardinality", message("int32 a = 1;"), message("repeated int32 a = 1;"), "!field X.a changed in cardinality"],
  ["another presence", message("int32 a = 1;"), message("optional int32 a = 1;"), "+field X.a changed in presence"],
  ["a oneof around a field", message("int32 a = 1;"), message("oneof o { int32 a = 1; }"), "!field X.a changed in oneof"],
  ["a field in another oneof", message("oneof o { int32 a = 1; int32 b = 2; } oneof p { int32 c = 3; }"), message("oneof o { int32 a = 1; } oneof p { int32 b = 2; int32 c = 3; }"), "!field X.b changed in oneof"],
  ["a renamed oneof", message("oneof o { int32 a = 1; int32 b = 2; }"), message("oneof p { int32 a = 1; int32 b = 2; }"), "+oneof X.o renamed"],
  ["an added enum", "message A {}", "message A {} enum E { ZERO = 0; }", "+enum E added"],
  ["a removed enum", "message A {} enum E { ZERO = 0; }", "message A {}", "!enum E removed"],
  ["a renamed enum", anEnum("ZERO = 0;"), "enum F { ZERO = 0; }", "+enum E renamed"],
  ["an added enum value", anEnum("ZERO = 0;"), anEnum("ZERO = 0; ONE = 1;"), "+enum value E.ONE added"],
  ["a removed enum value", anEnum("ZERO = 0; ONE = 1;"), anEnum("ZERO = 0;"), "!enum value E.ONE removed"],
  ["a renumbered enum value", anEnum("ZERO = 0; ONE = 1;"), anEnum("ZERO = 0; ONE = 2;"), "!enum value E.ONE renumbered"],
  ["a renamed enum value", anEnum("ZERO = 0; ONE = 1;"), anEnum("ZERO = 0; UNO = 1;"), "+enum value E.ONE renamed"],
  ["an added service", M, service(""), "+service S added"],
  ["a removed service", service("rpc C(A) returns (B);"), M, "!service S removed"],
  ["a renamed service", service("rpc C(A) returns (B);"), service("rpc C(A) returns (B);").replace("S {", "T {"), "!service S renamed"],
  ["an added rpc", service(""), service("rpc C(A) returns (B);"), "+rpc S.C added"],
  ["a removed rpc", service("rpc C(A) returns (B);"), service(""), "!rpc S.C removed"],
  ["a renamed rpc", service("rpc C(A) returns (B);"), service("rpc D(A) returns (B);"), "!rpc S.C renamed"],
  ["another kind of streaming", service("rpc C(A) returns (B);"), service("rpc C(stream A) returns (B);"), "!rpc S.C changed in kind"],
  ["another request", service("rpc C(A) returns (B);"), service("rpc C(B) returns (B);"), "!rpc S.C changed in type"],
  ["another response", service("rpc C(A) returns (B);"), service("rpc C(A) returns (stream A);"), "!rpc S.C changed in kind", "!rpc S.C changed in type"],
];

describe("compareProtos", () => {
  let differences: readonly Difference[];

  beforeAll(() => {
    const sides = ["before", "after"] as const;
    const [ours = [], theirs = []] = sides.map((side, column) => {
      mkdirSync(join(folder, side));
      for (const [i, texts] of cases.entries())
        write(`${side}/other${column}-${i}.proto`, `p${i}`, texts[column + 1] ?? "");
      write(`${side}/${side}.proto`, side, "message OnlyHere {}");
      return readProtos(join(folder, side));
    });
    differences = compareProtos(ours, theirs);
  });

  const found = (name: string): string[] =>
    differences
      .filter((each) => each.name.split(".")[0] === name)
      .map(({ element, change, name: full, compatible }) => {
        const shown = full.includes(".") ? full.slice(name.length + 1) : full;
        return `${compatible ? "+" : "!"}${element} ${shown} ${change}`;
      });

  it.each(cases.map(([title, , , ...expected], i) => ({ title, expected, name: `p${i}` })))(
    "reports $title",
    ({ expected, name }) => {
      expect(found(name)).toEqual(expected);
    },
  );

  it("reports packages as a whole", () => {
    expect(found("before")).toEqual(["!package before removed"]);
    expect(found("after")).toEqual(["+package after added"]);
  });

  it("gives the meaning and the file of every difference", () => {
    expect(differences.filter(({ meaning }) => !/^[A-Z].*\.$/.test(meaning))).toEqual([]);
    expect(differences.filter(({ file }) => !file.endsWith(".proto"))).toEqual([]);
    expect(differences.find(({ change, element }) => `${element} ${change}` === "field added")).toMatchObject({
      detail: "string = 1",
      meaning: expect.stringMatching(/^Unknown to released hosts: never require it/) as unknown,
    });
  });
});

describe("readProtos", () => {
  it("names the folder, or the file and the line, of what it cannot read", () => {
    const at = (name: string): string => join(folder, name);
    expect(() => readProtos(at("none"))).toThrow(
      `${at("none")}: expected a folder of .proto files, but it does not exist`,
    );
    mkdirSync(at("empty"));
    expect(() => readProtos(at("empty"))).toThrow("but it contains none");
    mkdirSync(at("broken"));
    write("broken/a.proto", "broken", "message A {\n  int32 = 1;\n}");
    expect(() => readProtos(at("broken"))).toThrow(/broken\/a\.proto:4:\d+:.*field/);
    expect(() => readProtos(at("broken/a.proto"))).toThrow("got a file");
  });
});

describe("npm run protos:compare", () => {
  const compare = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [join(top, "scripts/protos-compare.js"), ...args], { encoding: "utf8" });

  it("compares a folder with the closest module, wherever its files are, and lists the steps", () => {
    cpSync(join(top, "proto/v1.0/v1_0"), join(folder, "upstream/v1_0"), { recursive: true });
    const path = join(folder, "upstream/v1_0/importer.proto");
    writeFileSync(path, `${readFileSync(path, "utf8")}\nmessage Fresh {}\n`);
    const { status, stdout } = compare(join(folder, "upstream"), "--json");
    const report = JSON.parse(stdout) as { modules: string[]; differences: Difference[]; steps: string[] };
    expect(report).toMatchObject({ modules: ["proto/v1.0"], exitCode: 1, differences: [{ name: "importer.Fresh" }] });
    expect(report.steps.join("\n")).toMatch(/proto\/v1\.0\/v1_0\/importer\.proto[^]*npm run generate[^]*protos:update/);
    expect(status).toBe(1);
  });

  it("exits with 3 if it cannot compare", () => {
    expect(compare(join(folder, "before"))).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("expected a package of ours") as unknown,
    });
  });
});

describe("npm run protos:update", () => {
  it("rejects an unknown module, and writes nothing", () => {
    const script = join(top, "scripts/protos-update.js");
    const { status, stderr } = spawnSync(process.execPath, [script, "proto/v9", folder], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^proto\/v9: expected one of proto\/v1\.0, /) as unknown,
    });
  });
});

function write(path: string, name: string, text: string): void {
  writeFileSync(join(folder, path), `syntax = "proto3";\npackage ${name};\n${text}\n`);
}
