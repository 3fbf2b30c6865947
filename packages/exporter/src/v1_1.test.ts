import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { Code } from "@connectrpc/connect";
import { LocationFlag } from "@kloset/model";
import type { Exporter } from "./exporter.js";
import { deferred, settled } from "@kloset/test-support";
import { FakeExporter, withMethods, without } from "./testing/fake-exporter.js";
import { hostV1_1, startExport } from "./testing/hosts.js";
import { directory, file } from "./testing/records.js";
import { newExporterSession } from "./session.js";

const INIT = { proto: "fake", config: { location: "fake:///srv/o" }, options: { hostname: "machine" } };
const plain = (exporter: Exporter = new FakeExporter()) => without(exporter, "setExtendedAttribute");

function failure(code: Code, text: unknown) {
  const rawMessage: unknown = text instanceof RegExp ? expect.stringMatching(text) : text;
  return expect.objectContaining({ code, rawMessage });
}

describe("exporterV1_1", () => {
  it("returns defaults from Init", async () => {
    const answer = await hostV1_1(plain()).client.init(INIT);
    expect(answer).toMatchObject({ origin: "machine", type: "fake", root: "/srv/o", flags: 0 });
  });

  it("returns the properties of the exporter from Init", async () => {
    const exporter = withMethods(plain(), {
      origin: () => "elsewhere",
      type: () => Promise.resolve("s3"),
      flags: () => LocationFlag.LOCALFS | LocationFlag.STREAM,
    });
    const answer = await hostV1_1(exporter).client.init(INIT);
    expect(answer).toMatchObject({ origin: "elsewhere", type: "s3", flags: 5 });
  });

  it("requests extended attributes only if the method exists", async () => {
    const flags = () => LocationFlag.LOCALFS | LocationFlag.EXPORTXATTR;
    const flagsOf = async (exporter: Exporter) => (await hostV1_1(exporter).client.init(INIT)).flags;
    expect(await flagsOf(new FakeExporter())).toBe(LocationFlag.EXPORTXATTR);
    expect(await flagsOf(withMethods(new FakeExporter(), { flags: () => LocationFlag.LOCALFS }))).toBe(33);
    expect(await flagsOf(withMethods(plain(), { flags }))).toBe(LocationFlag.LOCALFS);
  });

  it.each([
    ["flags", () => -1, /^flags\(\) returned -1:/],
    ["flags", () => "localfs", /^flags\(\) returned "localfs":/],
    ["origin", () => 7, /^origin\(\) returned 7:/],
    ["type", () => null, /^type\(\) returned null:/],
    ["root", () => undefined, "root() returned undefined: a string is needed"],
    ["root", () => "", /^root\(\) must be an absolute path/],
    ["root", () => "srv/o", /^root\(\) must be an absolute path.*: "srv\/o"$/],
    ["root", () => "s3://b/x", /^root\(\) must be an absolute path/],
    ["root", () => "/srv/o/", /^root\(\) must be clean/],
  ])("rejects an invalid %s", async (method, answer, text) => {
    const exporter = new FakeExporter();
    const wrong = withMethods(exporter, { [method]: answer });
    await expect(hostV1_1(wrong).client.init(INIT)).rejects.toEqual(failure(Code.Unknown, text));
    expect(exporter.closed).toBe(1);
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, "2", null, 2n, () => 1])(
    "rejects the concurrency %p by its value, and closes the exporter",
    async (concurrency) => {
      const exporter = new FakeExporter();
      const wrong = withMethods(exporter, { concurrency: concurrency as number });
      const text = typeof concurrency === "function" ? "[Function" : inspect(concurrency).replaceAll("'", '"');
      await expect(hostV1_1(wrong).client.init(INIT)).rejects.toEqual(
        failure(Code.Unknown, expect.stringContaining(`must be a whole number of at least 1, or absent: ${text}`)),
      );
      expect(exporter.closed).toBe(1);
    },
  );

  it("rejects an exporter without a required method, and closes it", async () => {
    const exporter = new FakeExporter();
    const opening = hostV1_1(withMethods(exporter, { setPermissions: undefined as never })).client.init(INIT);
    const text = /^the exporter has no setPermissions\(\): found /;
    await expect(opening).rejects.toEqual(failure(Code.Unknown, text));
    expect(exporter.closed).toBe(1);
  });

  it("closes an exporter whose Init failed and accepts another Init", async () => {
    let attempts = 0;
    const exporter = new FakeExporter();
    const host = hostV1_1(
      withMethods(exporter, {
        origin: () => {
          if (attempts++ === 0) throw new Error("no route to host");
          return "there";
        },
      }),
    );
    await expect(host.client.init(INIT)).rejects.toEqual(failure(Code.Unknown, "no route to host"));
    expect(exporter.closed).toBe(1);
    expect((await host.client.init(INIT)).origin).toBe("there");
  });

  it("fails Init with its own error, not with that of the following close", async () => {
    const exporter = withMethods(new FakeExporter(), {
      root: () => {
        throw new Error("no such bucket");
      },
      close: () => {
        throw new Error("not open");
      },
    });
    await expect(hostV1_1(exporter).client.init(INIT)).rejects.toEqual(failure(Code.Unknown, "no such bucket"));
  });

  it("passes on an error from the exporter's ping, and succeeds without that method", async () => {
    const down = withMethods(new FakeExporter(), {
      ping: () => {
        throw new Error("down");
      },
    });
    const host = hostV1_1(down);
    await host.client.init(INIT);
    await expect(host.client.ping({})).rejects.toEqual(failure(Code.Unknown, "down"));
    const other = hostV1_1(new FakeExporter());
    await other.client.init(INIT);
    await expect(other.client.ping({})).resolves.toBeDefined();
  });

  it("rejects every call before Init, naming the RPC", async () => {
    const { client } = hostV1_1(new FakeExporter());
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      Ping: () => client.ping({}),
      Export: async () => {
        for await (const result of client.export((async function* () {})())) expect(result).toBeUndefined();
      },
      Close: () => client.close({}),
    };
    for (const [rpc, call] of Object.entries(calls)) {
      await expect(call()).rejects.toEqual(
        failure(Code.FailedPrecondition, `plakar.exporter.Exporter/${rpc} was called before Init`),
      );
    }
  });

  it("rejects a second Init, naming the RPC", async () => {
    const { client } = hostV1_1(new FakeExporter());
    await client.init(INIT);
    await expect(client.init(INIT)).rejects.toEqual(
      failure(Code.FailedPrecondition, "plakar.exporter.Exporter/Init was called twice"),
    );
  });

  it("works through a real client", async () => {
    const exporter = new FakeExporter();
    const { client } = hostV1_1(exporter);
    await client.init(INIT);
    async function* requests() {
      yield* [directory("/"), ...file("/a", ["hel", "lo"])];
    }
    const results = [];
    for await (const { result } of client.export(requests())) results.push(result);
    expect(results.map((result) => [result?.header?.pathname, result?.error])).toEqual([
      ["/a", ""],
      ["/", ""],
    ]);
    expect(exporter.contentOf("/a")).toBe("hello");
    await client.close({});
    expect(exporter.closed).toBe(1);
  });

  it("closes the exporter after a running Export has ended", async () => {
    const gate = deferred();
    const exporter = new FakeExporter((call) => (call.startsWith("storeFile") ? gate.promise : undefined));
    const session = newExporterSession();
    const answers = await startExport(exporter, file("/a", "x"), { session });
    const first = answers.next();
    await settled();
    const closing = session.close("plakar.exporter.Exporter/Close");
    await settled();
    expect(exporter.closed).toBe(0);
    gate.resolve();
    expect(await first).toMatchObject({ done: false, value: { result: { error: "" } } });
    expect(await answers.next()).toMatchObject({ done: true });
    await closing;
    expect(exporter.closed).toBe(1);
  });
});
