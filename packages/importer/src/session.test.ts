import { describe, expect, it } from "@jest/globals";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ConnectorContext } from "@kloset/model";
import type { Importer } from "./importer.js";
import { clientV1_0, clientV1_1, initRequest, newSession } from "./testing/clients.js";
import { importerOf } from "./testing/importers.js";
import { newImporterSession } from "./session.js";

async function failure(call: Promise<unknown>): Promise<[Code, string] | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return error instanceof ConnectError ? [error.code, error.rawMessage] : undefined;
  }
}

describe.each([
  ["v1.0", clientV1_0],
  ["v1.1", clientV1_1],
] as const)("Init of %s", (_generation, clientOf) => {
  it("passes the host's options to the importer", async () => {
    const contexts: ConnectorContext[] = [];
    const session = newSession();
    const client = clientOf((context) => {
      contexts.push(context);
      return importerOf([]);
    }, session);
    await client.init({ ...initRequest, options: { ...initRequest.options, maxconcurrency: -3n, excludes: ["*.o"] } });
    expect(contexts).toEqual([
      {
        location: "tsfs:///srv",
        config: { location: "tsfs:///srv" },
        protocol: "tsfs",
        options: {
          hostname: "vm",
          os: "linux",
          arch: "amd64",
          cwd: "/home",
          maxConcurrency: 1,
          excludes: ["*.o"],
          noXattr: false,
        },
        signal: session.signal,
      },
    ]);
    session.abort();
    expect(contexts[0]?.signal.aborted).toBe(true);
  });

  it("is rejected a second time, naming the RPC", async () => {
    const client = clientOf(importerOf([]));
    await client.init(initRequest);
    expect(await failure(client.init(initRequest))).toEqual([
      Code.FailedPrecondition,
      "importer.Importer/Init was called twice",
    ]);
  });

  it("passes on the author's error verbatim as UNKNOWN, and can be retried", async () => {
    let attempts = 0;
    const client = clientOf(() => {
      if (++attempts === 1) throw new Error("no such bucket: ünïcode");
      return Promise.resolve(importerOf([]));
    });
    expect(await failure(client.init(initRequest))).toEqual([Code.Unknown, "no such bucket: ünïcode"]);
    expect(await failure(client.init(initRequest))).toBeUndefined();
  });

  it.each<[string, Partial<Record<keyof Importer, unknown>>, unknown]>([
    ["a missing origin", { origin: () => undefined }, expect.stringContaining("origin() returned undefined")],
    ["a numeric type", { type: () => 5 }, expect.stringContaining("type() returned 5")],
    ["a type with a lone surrogate", { type: () => "\ud800" }, 'type() returned invalid Unicode: "\\ud800"'],
    ["a relative root", { root: () => "srv" }, 'root() must be an absolute path, as cleanPathname() returns: "srv"'],
    ["an empty root", { root: () => "" }, expect.stringContaining("root() must be an absolute path")],
    ["a root with a NUL", { root: () => "/srv\0" }, 'root() holds a NUL: "/srv\\u0000"'],
    [
      "a root with ..",
      { root: () => "/a/../b" },
      'root() must be clean (no empty component, no ".", no ".."): "/a/../b"',
    ],
    [
      "a root with a trailing slash",
      { root: () => "/srv/" },
      'root() must be clean (no empty component, no ".", no ".."): "/srv/"',
    ],
    ["textual flags", { flags: () => "localfs" }, expect.stringContaining('flags() returned "localfs"')],
    ["negative flags", { flags: () => -1 }, expect.stringContaining("flags() returned -1")],
    ["a missing scan", { scan: undefined }, expect.stringMatching(/^the importer has no scan\(\): found /)],
    ["an acknowledge that is no method", { acknowledge: true }, expect.stringContaining("acknowledge of the importer")],
    ["an origin that throws", { origin: () => Promise.reject(new Error("who am I?")) }, "who am I?"],
    ["flags that throw", { flags: () => Promise.reject(new Error("which flags?")) }, "which flags?"],
  ])("rejects %s, closes the importer once, and can be retried", async (_name, wrong, message) => {
    let closed = 0;
    let attempts = 0;
    const client = clientOf(() => {
      const overrides = ++attempts === 1 ? (wrong as Partial<Importer>) : {};
      return importerOf([], {
        ...overrides,
        close: () => {
          closed++;
          // Must not hide the original error.
          throw new Error("not you");
        },
      });
    });
    expect(await failure(client.init(initRequest))).toEqual([Code.Unknown, message]);
    expect(closed).toBe(1);
    expect(await failure(client.init(initRequest))).toBeUndefined();
  });

  it.each([undefined, null, 5])("rejects a factory that returns %p", async (made) => {
    const client = clientOf(() => made as unknown as Importer);
    expect(await failure(client.init(initRequest))).toEqual([
      Code.Unknown,
      `the factory returned ${String(made)}: an importer is needed`,
    ]);
  });

  it("reads the properties of the importer once", async () => {
    const asked: string[] = [];
    const recording = (what: string, answer: string) => () => {
      asked.push(what);
      return answer;
    };
    const client = clientOf(
      importerOf([], {
        origin: recording("origin", "vm"),
        type: recording("type", "test"),
        root: recording("root", "/srv"),
      }),
    );
    await client.init(initRequest);
    if ("info" in client) for (let i = 0; i < 6; i++) await client.info({});
    expect(asked.sort()).toEqual(["origin", "root", "type"]);
  });
});

describe.each([
  ["v1.0", clientV1_0],
  ["v1.1", clientV1_1],
] as const)("Close of %s", (_generation, clientOf) => {
  it("closes the importer once for repeated calls", async () => {
    let closed = 0;
    const client = clientOf(
      importerOf([], {
        close: () => {
          closed++;
        },
      }),
    );
    await client.init(initRequest);
    await Promise.all([client.close({}), client.close({})]);
    await client.close({});
    expect(closed).toBe(1);
  });

  it("passes on an error from close()", async () => {
    const client = clientOf(importerOf([], { close: () => Promise.reject(new Error("could not unmount")) }));
    await client.init(initRequest);
    expect(await failure(client.close({}))).toEqual([Code.Unknown, "could not unmount"]);
  });

  it("is rejected before Init", async () => {
    expect(await failure(clientOf(importerOf([])).close({}))).toEqual([
      Code.FailedPrecondition,
      "importer.Importer/Close was called before Init",
    ]);
  });
});

it("creates sessions that can be ended", async () => {
  const session = newImporterSession();
  await session.end();
  expect(session.signal.aborted).toBe(true);
});
