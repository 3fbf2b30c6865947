import { describe, expect, it } from "@jest/globals";
import { deferred, settled } from "@kloset/test-support";
import { FakeExporter, without } from "./testing/fake-exporter.js";
import { runExport } from "./testing/hosts.js";
import { attribute, file, record } from "./testing/records.js";

describe("extended attributes", () => {
  it("are set after the files, with their value and kind", async () => {
    const gate = deferred();
    const exporter = new FakeExporter((call) => (call === "storeFile /a" ? gate.promise : undefined));
    const running = runExport(
      exporter,
      [
        ...file("/a", "1"),
        ...attribute("/a", "user.color", ["re", "d"]),
        ...attribute("/a", "stream", "x", 1),
        ...attribute("/a", "user.empty", ""),
      ],
      { maxConcurrency: 4 },
    );
    await settled();
    expect(exporter.calls).toEqual(["storeFile /a"]);
    gate.resolve();
    const { results } = await running;
    expect(results.map(({ result }) => [result?.header?.xattrName, result?.header?.xattrType, result?.error])).toEqual([
      ["", 0, ""],
      ["user.color", 0, ""],
      ["stream", 1, ""],
      ["user.empty", 0, ""],
    ]);
    expect(Object.fromEntries(exporter.nodes.get("/a")?.attributes ?? [])).toEqual({
      "extended user.color": "red",
      "ads stream": "x",
      "extended user.empty": "",
    });
  });

  it("fail without the method, or if the author's method throws", async () => {
    const requests = [...file("/a", "1"), ...attribute("/a", "user.color", "red"), ...file("/b", "2")];
    const errorOf = async (exporter: Parameters<typeof runExport>[0]) => {
      const { results, error } = await runExport(exporter, requests);
      expect(error).toBeUndefined();
      expect(results).toHaveLength(3);
      return results.find(({ result }) => result?.header?.isXattr)?.result?.error;
    };
    expect(await errorOf(without(new FakeExporter(), "setExtendedAttribute"))).toBe(
      '"/a": this exporter does not support extended attributes',
    );
    const failing = new FakeExporter((call) => {
      if (call.startsWith("setExtendedAttribute")) throw new Error("ENOTSUP");
    });
    expect(await errorOf(failing)).toBe("ENOTSUP");
  });

  it("fail if their value is too large, incomplete or missing, or their kind is unknown", async () => {
    const mebibyte = "x".repeat(1024 * 1024);
    const exporter = new FakeExporter();
    const { results, error } = await runExport(exporter, [
      ...file("/a", "1"),
      ...attribute(
        "/a",
        "large",
        Array.from({ length: 17 }, () => mebibyte),
      ),
      ...attribute(
        "/a",
        "allowed",
        Array.from({ length: 16 }, () => mebibyte),
      ),
      ...attribute("/a", "odd", "x", 2),
      record({ pathname: "/a", isXattr: true, xattrName: "absent" }),
      ...attribute("/a", "broken", "x").slice(0, -1),
    ]);
    expect(error).toBeUndefined();
    expect(Object.fromEntries(results.map(({ result }) => [result?.header?.xattrName, result?.error]))).toEqual({
      "": "",
      large: 'the attribute "large" of "/a" is larger than 16777216 bytes',
      allowed: "",
      odd: 'the attribute "odd" of "/a" has the unknown kind 2',
      absent: 'the value of the attribute "absent" of "/a" was not sent',
      broken: expect.stringContaining('"/a" broke off'),
    });
    expect([...(exporter.nodes.get("/a")?.attributes.keys() ?? [])]).toEqual(["extended allowed"]);
  });
});
