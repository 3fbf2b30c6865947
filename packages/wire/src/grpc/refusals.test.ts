import { describe, expect, it } from "@jest/globals";
import { Code } from "./code.js";
import { notServed } from "./refusals.js";
import { callRefusal } from "./request-checks.js";
import type { ServedService } from "./server.js";

describe("the refusal of a path that is not served", () => {
  const served = (...names: string[]): ServedService[] =>
    names.map((typeName) => ({ service: { typeName, methods: [] }, implementation: {} }));

  it.each<[string[], string, string]>([
    [["importer.Importer"], "/store.Store/Init", "this plugin is an importer; the host asked for a storage"],
    [
      ["importer.Importer", "store.Store"],
      "/plakar.exporter.Exporter/Init",
      "this plugin is an importer and a storage; the host asked for an exporter",
    ],
    [["plakar.exporter.Exporter"], "/exporter.Exporter/Init", "unknown service exporter.Exporter"],
    [["importer.Importer"], "/grpc.health.v1.Health/Check", "unknown service grpc.health.v1.Health"],
    [["some.Service"], "/importer.Importer/Init", "unknown service importer.Importer"],
    [["importer.Importer"], "/importer.Importer/Nothing", "unknown method Nothing for service importer.Importer"],
  ])("of a plugin that serves %j, for %s", (names, path, text) => {
    expect(notServed(served(...names), path)).toBe(text);
  });
});

describe("the refusal of a compressed call", () => {
  it("quotes the encoding", () => {
    expect(callRefusal({ encoding: "gzip", timeout: undefined })).toMatchObject({
      code: Code.Unimplemented,
      message: 'the host compresses with "gzip", but the plugin offers no compression',
    });
  });

  it("truncates a long encoding to 256 characters", () => {
    expect(callRefusal({ encoding: "x".repeat(1000), timeout: undefined })?.message).toBe(
      `the host compresses with "${"x".repeat(256)}…", but the plugin offers no compression`,
    );
  });

  it.each([undefined, "identity"])("does not apply to the encoding %s", (encoding) => {
    expect(callRefusal({ encoding, timeout: undefined })).toBeUndefined();
  });
});
