/**
 * Holds the tables of services, and the packages' exports, to the descriptors.
 */
import { readFileSync } from "node:fs";
import type { DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import type { MessageCodec, ServiceTable } from "@kloset/grpc";
import { files, messages } from "./testing/messages.js";

const services = files.flatMap(([file, codecs]) => file.services.map((service) => [`${service.typeName} of ${file.name}`, service, codecs] as const));

it("there is one for every service of both generations", () => {
  expect(services.map(([name]) => name)).toEqual([
    "importer.Importer of v1_0/importer",
    "exporter.Exporter of v1_0/exporter",
    "store.Store of v1_0/store",
    "importer.Importer of v1_1/importer",
    "plakar.exporter.Exporter of v1_1/exporter",
    "store.Store of v1_1/store",
  ]);
});

describe.each(services)("the table of %s", (_, service, codecs) => {
  it("has the service's methods, paths, kinds and codecs", () => {
    const table = (codecs as Record<string, unknown>)[`${service.name.toLowerCase()}Table`] as ServiceTable;
    expect(table).toEqual(expectedTable(service));
  });
});

function expectedTable(service: DescService): ServiceTable {
  return {
    typeName: service.typeName,
    methods: service.methods.map(({ name, localName, methodKind, input, output }) => ({
      name,
      localName,
      path: `/${service.typeName}/${name}`,
      kind: methodKind,
      input: codecOf(input),
      output: codecOf(output),
    })),
  };
}

function codecOf(desc: DescMessage): MessageCodec {
  const found = messages.find((one) => one.desc === desc);
  if (found === undefined) throw new Error(`${desc.typeName} has no codec`);
  expect(found.codec.typeName).toBe(desc.typeName);
  // Functions are equal when they are the same: so are codecs.
  return found.codec;
}

it("every proto's codecs are a subpath of their own", () => {
  const { exports } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as { exports: Record<string, { default: string }> };
  const paths = Object.entries(exports).filter(([subpath]) => subpath.startsWith("./codecs/"));
  const ours = files.map(([file]) => file).filter(({ name }) => /^v1_/.test(name));
  expect(Object.fromEntries(paths.map(([subpath, { default: path }]) => [subpath, path]))).toEqual(
    Object.fromEntries(ours.map((file) => [subpathOf(file), `./dist/src/${file.name}_codec.js`])),
  );
});

function subpathOf(file: DescFile): string {
  return `./codecs/${file.name.replace("_", ".")}`;
}

it("codecs load no protobuf library, and no stubs", () => {
  for (const [file] of files) {
    const text = readFileSync(new URL(`src/${file.name}_codec.ts`, import.meta.url), "utf8");
    const loaded = [...text.matchAll(/^import (?!type).* from "([^"]+)";$/gm)].map((match) => match[1]);
    expect(loaded.filter((specifier) => specifier !== "@kloset/grpc" && !/_codec\.js$/.test(specifier ?? ""))).toEqual([]);
    expect(loaded.length).toBeGreaterThan(0);
  }
});
