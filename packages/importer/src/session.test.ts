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

/** Both generations, for the rules that both have. */
describe.each([
  ["v1.0", clientV1_0],
  ["v1.1", clientV1_1],
] as const)("Init of %s", (_generation, clientOf) => {
  it("gives the importer what the host says", async () => {
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

  it("is refused a second time, by name", async () => {
    const client = clientOf(importerOf([]));
    await client.init(initRequest);
    expect(await failure(client.init(initRequest))).toEqual([
      Code.FailedPrecondition,
      "importer.Importer/Init was called twice",
    ]);
  });

  it("answers what the author throws word for word, as UNKNOWN, and can be tried again", async () => {
    let attempts = 0;
    const client = clientOf(() => {
      if (++attempts === 1) throw new Error("no such bucket: ünïcode");
      return Promise.resolve(importerOf([]));
    });
    expect(await failure(client.init(initRequest))).toEqual([Code.Unknown, "no such bucket: ünïcode"]);
    expect(await failure(client.init(initRequest))).toBeUndefined();
  });

  it.each<[string, Partial<Record<keyof Importer, unknown>>, string]>([
    ["an origin that is none", { origin: () => undefined }, "origin() returned undefined: a string is needed"],
    ["a type that is none", { type: () => 5 }, "type() returned 5: a string is needed"],
    ["a type that UTF-8 can not carry", { type: () => "\ud800" }, 'type() returned invalid Unicode: "\\ud800"'],
    ["a relative root", { root: () => "srv" }, 'root() must be an absolute path: "srv"'],
    ["an empty root", { root: () => "" }, 'root() must be an absolute path: ""'],
    ["a root with a NUL", { root: () => "/srv\0" }, 'root() holds a NUL: "/srv\\u0000"'],
    [
      "a root with a way up",
      { root: () => "/a/../b" },
      'root() must be clean (no empty component, no ".", no ".."): "/a/../b"',
    ],
    [
      "a root with a slash at its end",
      { root: () => "/srv/" },
      'root() must be clean (no empty component, no ".", no ".."): "/srv/"',
    ],
    ["flags that are none", { flags: () => "localfs" }, 'flags() returned "localfs": bits of LocationFlag are needed'],
    ["negative flags", { flags: () => -1 }, "flags() returned -1: bits of LocationFlag are needed"],
    ["an origin that throws", { origin: () => Promise.reject(new Error("who am I?")) }, "who am I?"],
    ["flags that throw", { flags: () => Promise.reject(new Error("which flags?")) }, "which flags?"],
  ])("refuses %s, closes the importer once, and can be tried again", async (_name, wrong, message) => {
    let closed = 0;
    let attempts = 0;
    const client = clientOf(() => {
      const overrides = ++attempts === 1 ? (wrong as Partial<Importer>) : {};
      return importerOf([], {
        ...overrides,
        close: () => {
          closed++;
          // Must not hide the failure that counts.
          throw new Error("not you");
        },
      });
    });
    expect(await failure(client.init(initRequest))).toEqual([Code.Unknown, message]);
    expect(closed).toBe(1);
    expect(await failure(client.init(initRequest))).toBeUndefined();
  });

  it.each([undefined, null, 5])("refuses a factory that returns %p", async (made) => {
    const client = clientOf(() => made as unknown as Importer);
    expect(await failure(client.init(initRequest))).toEqual([
      Code.Unknown,
      `the factory returned ${String(made)}: an importer is needed`,
    ]);
  });

  it("reads who the importer is once", async () => {
    const asked: string[] = [];
    const tell = (what: string, answer: string) => () => {
      asked.push(what);
      return answer;
    };
    const client = clientOf(
      importerOf([], { origin: tell("origin", "vm"), type: tell("type", "test"), root: tell("root", "/srv") }),
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
  it("closes once, however often it is called", async () => {
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

  it("answers what close() throws", async () => {
    const client = clientOf(importerOf([], { close: () => Promise.reject(new Error("could not unmount")) }));
    await client.init(initRequest);
    expect(await failure(client.close({}))).toEqual([Code.Unknown, "could not unmount"]);
  });

  it("is refused before Init", async () => {
    expect(await failure(clientOf(importerOf([])).close({}))).toEqual([
      Code.FailedPrecondition,
      "importer.Importer/Close was called before Init",
    ]);
  });
});

it("makes sessions that end", async () => {
  const session = newImporterSession();
  await session.end();
  expect(session.signal.aborted).toBe(true);
});
