/**
 * Compares the service tables and the package's exports with the descriptors.
 */
import { readFileSync } from "node:fs";
import { create, fromBinary, toBinary, type DescFile, type DescMessage, type DescService } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { Writer } from "@kloset/wire/codec";
import { type MethodTable, type ServiceTable } from "@kloset/wire/grpc";
import fc from "fast-check";
import * as exporter_v1_0 from "./src/v1_0/exporter_table.js";
import * as importer_v1_0 from "./src/v1_0/importer_table.js";
import * as store_v1_0 from "./src/v1_0/store_table.js";
import * as exporter_v1_1 from "./src/v1_1/exporter_table.js";
import * as importer_v1_1 from "./src/v1_1/importer_table.js";
import * as inventory_v1_1 from "./src/v1_1/inventory_table.js";
import * as secretProvider_v1_1 from "./src/v1_1/secret_provider_table.js";
import * as store_v1_1 from "./src/v1_1/store_table.js";
import { initOf } from "./testing/arbitrary.js";
import { files } from "./testing/messages.js";

const tables: Readonly<Record<string, ServiceTable>> = {
  "importer.Importer of v1_0/importer": importer_v1_0.importerTable,
  "exporter.Exporter of v1_0/exporter": exporter_v1_0.exporterTable,
  "store.Store of v1_0/store": store_v1_0.storeTable,
  "importer.Importer of v1_1/importer": importer_v1_1.importerTable,
  "plakar.exporter.Exporter of v1_1/exporter": exporter_v1_1.exporterTable,
  "store.Store of v1_1/store": store_v1_1.storeTable,
  "secret_provider.SecretProvider of v1_1/secret_provider": secretProvider_v1_1.secretProviderTable,
  "inventory.Inventory of v1_1/inventory": inventory_v1_1.inventoryTable,
};

const services = files.flatMap(([file]) =>
  file.services.map((service) => [`${service.typeName} of ${file.name}`, service] as const),
);
const NUM_RUNS = 10;
const SEED = 20260402;

it("covers every service of both generations", () => {
  expect(services.map(([name]) => name)).toEqual(Object.keys(tables));
});

describe.each(services)("the table of %s", (name, service) => {
  it("has the service's methods, paths and kinds", () => {
    const table = tables[name];
    expect(table?.typeName).toBe(service.typeName);
    const methods = table?.methods.map(({ input, output, ...method }) => ({
      ...method,
      input: input.typeName,
      output: output.typeName,
    }));
    expect(methods).toEqual(expectedMethods(service));
  });

  it.each(service.methods.map((method, i) => [method.name, method, i] as const))(
    "decodes the requests of %s, and encodes its responses",
    (_, method, i) => {
      // Exists, or the previous test has failed.
      const { input, output } = tables[name]?.methods[i] as MethodTable;
      eachOf(method.input, (bytes) => {
        expect(input.decode(bytes, 0, bytes.length, false)).toEqual(fromBinary(method.input, bytes));
      });
      eachOf(method.output, (bytes, value) => {
        const writer = new Writer();
        const tail = output.encode(value, writer) ?? Buffer.alloc(0);
        expect(Buffer.concat([writer.buffer.subarray(0, writer.length), tail])).toEqual(Buffer.from(bytes));
      });
    },
  );
});

function eachOf(desc: DescMessage, check: (bytes: Uint8Array, value: Record<string, unknown>) => void): void {
  fc.assert(
    fc.property(initOf(desc), (value) => {
      check(toBinary(desc, create(desc, value)), value);
    }),
    { seed: SEED, numRuns: NUM_RUNS },
  );
}

function expectedMethods(service: DescService): unknown {
  return service.methods.map(({ name, localName, methodKind, input, output }) => ({
    name,
    localName,
    path: `/${service.typeName}/${name}`,
    kind: methodKind,
    input: input.typeName,
    output: output.typeName,
  }));
}

it.each<[string, string, (file: DescFile) => boolean]>([
  ["codecs", "codec", () => true],
  ["tables", "table", ({ services }) => services.length > 0],
])("exports the %s of every proto as a subpath", (folder, kind, has) => {
  const { exports } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as {
    exports: Record<string, { default: string }>;
  };
  const paths = Object.entries(exports).filter(([subpath]) => subpath.startsWith(`./${folder}/`));
  const ours = files.map(([file]) => file).filter((file) => /^v1_/.test(file.name) && has(file));
  expect(Object.fromEntries(paths.map(([subpath, { default: path }]) => [subpath, path]))).toEqual(
    Object.fromEntries(
      ours.map((file) => [`./${folder}/${file.name.replace("_", ".")}`, `./dist/src/${file.name}_${kind}.js`]),
    ),
  );
});

it("loads no protobuf library or stubs in codecs and tables, and no codec in tables", () => {
  for (const [file] of files) {
    for (const kind of file.services.length > 0 ? ["codec", "table"] : ["codec"]) {
      const text = readFileSync(new URL(`src/${file.name}_${kind}.ts`, import.meta.url), "utf8");
      const loaded = [...text.matchAll(/^import (?!type).* from "([^"]+)";$/gm)].map((match) => match[1]);
      expect(
        loaded.filter((specifier) => !specifier?.startsWith("@kloset/wire/") && !/_codec\.js$/.test(specifier ?? "")),
      ).toEqual([]);
      expect(loaded.length).toBeGreaterThan(0);
      if (kind === "table") expect(text).not.toContain("Codec");
    }
  }
});
