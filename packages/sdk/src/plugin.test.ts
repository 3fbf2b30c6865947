import type { DescService } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createClient,
  createRouterTransport,
  type ServiceImpl,
  type Transport,
} from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/adapter";
import type { FirstRequest, ServedService } from "@kloset/wire/grpc";
import type { DescribedTable } from "@kloset/connect-server";
import { importer as v1_0 } from "@kloset/protocol/v1.0";
import { importer as v1_1 } from "@kloset/protocol/v1.1";
import type { Importer } from "./index.js";
import { loadEmbedding } from "./embedding.js";
import type { Plugin } from "./plugin.js";

const pluginOf = await loadEmbedding("connect");

/** Returns a client's transport to the services that a plugin chooses for a first request. */
function transportTo(plugin: Plugin, first: FirstRequest): Transport {
  return createRouterTransport((router) => {
    for (const { service, implementation } of plugin.services(first)) {
      router.service((service as DescribedTable).descriptor, implementation as Partial<ServiceImpl<DescService>>);
    }
  });
}

const IMPORTER_INIT = "/importer.Importer/Init";
const STORE_INIT = "/store.Store/Init";

function unused(): never {
  throw new Error("not called");
}

/** Detects the generation of services by their methods. */
function generationOf(services: readonly ServedService[]): Generation {
  const names = services.flatMap(({ service }) => service.methods.map(({ name }) => name));
  return names.some((name) => ["Scan", "CreateLink", "GetStates"].includes(name)) ? "v1.0" : "v1.1";
}

function serve(path: string, userAgent: string, chosen?: Generation): Generation {
  const plugin = pluginOf({ importer: unused, exporter: unused, storage: unused }, chosen);
  const services = plugin.services({ path, userAgent });
  expect(services).toHaveLength(3);
  return generationOf(services);
}

describe("pluginOf", () => {
  it.each([
    ["grpc-go/1.75.0", "v1.0"],
    ["grpc-go/1.77.0", "v1.0"],
    ["grpc-go/1.80.0", "v1.0"],
    ["grpc-go/1.81.1", "v1.1"],
    ["grpc-go/2.0.0", "v1.1"],
    ["grpc-node-js/1.14.0", "v1.1"],
    ["", "v1.1"],
  ] as const)("takes the user agent %j for %s where both generations have the path", (userAgent, generation) => {
    expect(serve(IMPORTER_INIT, userAgent)).toBe(generation);
    expect(serve(STORE_INIT, userAgent)).toBe(generation);
  });

  it("rejects an unknown generation", () => {
    expect(() => serve(IMPORTER_INIT, "", "1.1" as Generation)).toThrow('"1.1"');
  });

  it.each([
    ["/exporter.Exporter/Init", "grpc-go/1.81.1", "v1.0"],
    ["/plakar.exporter.Exporter/Init", "grpc-go/1.77.0", "v1.1"],
    ["/importer.Importer/Scan", "someone else", "v1.0"],
    ["/store.Store/List", "grpc-go/1.77.0", "v1.1"],
  ] as const)("lets the path %s take precedence over the user agent %j", (path, userAgent, generation) => {
    expect(serve(path, userAgent)).toBe(generation);
  });

  it("lets an explicit generation take precedence over path and user agent", () => {
    expect(serve(IMPORTER_INIT, "grpc-go/1.77.0", "v1.1")).toBe("v1.1");
    expect(serve("/exporter.Exporter/Init", "grpc-go/1.77.0", "v1.1")).toBe("v1.1");
    expect(serve(IMPORTER_INIT, "grpc-go/1.81.1", "v1.0")).toBe("v1.0");
  });

  it("serves only the connectors that are defined", () => {
    const services = pluginOf({ importer: unused }).services({ path: IMPORTER_INIT, userAgent: "" });
    expect(services.map(({ service }) => service.typeName)).toEqual(["importer.Importer"]);
  });

  it("shares one importer between the services of both generations and closes it once after the host has gone", async () => {
    const events: string[] = [];
    const importer: Importer = {
      origin: () => "here",
      type: () => "test",
      root: () => "/",
      scan: () => [],
      close: () => {
        events.push("close");
      },
    };
    const plugin = pluginOf({
      importer: ({ signal }) => {
        signal.addEventListener("abort", () => events.push("abort"));
        return importer;
      },
    });
    const clients = (["v1.0", "v1.1"] as const).map((generation) => {
      const first = { path: IMPORTER_INIT, userAgent: generation === "v1.0" ? "grpc-go/1.77.0" : "grpc-go/1.81.1" };
      return transportTo(plugin, first);
    });
    const [transport_v1_0, transport_v1_1] = clients as [(typeof clients)[0], (typeof clients)[0]];
    await createClient(v1_0.Importer, transport_v1_0).init({ config: { location: "test:///" } });
    const second = createClient(v1_1.Importer, transport_v1_1).init({ config: { location: "test:///" } });
    const error = ConnectError.from(await second.catch((reason: unknown) => reason));
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(error.rawMessage).toContain("importer.Importer/Init");
    plugin.abort();
    await plugin.close();
    await plugin.close();
    expect(events).toEqual(["abort", "close"]);
  });

  it("rejects with the error of a connector that fails to close", async () => {
    const plugin = pluginOf({
      importer: () => ({
        origin: () => "",
        type: () => "",
        root: () => "/",
        scan: () => [],
        close: () => Promise.reject(new Error("the tape is stuck")),
      }),
    });
    const transport = transportTo(plugin, { path: IMPORTER_INIT, userAgent: "" });
    await createClient(v1_1.Importer, transport).init({});
    await expect(plugin.close()).rejects.toThrow("the tape is stuck");
  });
});
