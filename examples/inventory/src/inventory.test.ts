import { describe, expect, it } from "@jest/globals";
import { testInventory } from "@kloset/testing";
import { once } from "node:events";
import type { RequestListener } from "node:http";
import inventory from "./inventory.js";
import { answers, EngineServer } from "./testing/engine-server.js";

const CONTAINERS = "/v1.41/containers/json?all=true";

const start = (location: string, config: Record<string, string> = {}): ReturnType<typeof testInventory> =>
  testInventory(inventory, { location, config: { engine: "desk", ...config } });

/** Lists an engine that gives one wrong answer. */
async function listed(replaced: Readonly<Record<string, unknown>>, config?: Record<string, string>): Promise<number> {
  await using server = await EngineServer.start(replaced);
  await using test = await start(server.location, config);
  return (await test.list()).entries.length;
}

describe("the inventory of a container engine", () => {
  it("lists containers, images and volumes", async () => {
    await using server = await EngineServer.start();
    await using test = await start(server.location);
    const { entries } = await test.list();
    expect(entries.map(({ urn }) => urn)).toEqual([
      "urn:containers:desk:container:78d2faad9b4a800671d1fb9b88e8adf04286fa2d5b6f83234d5d11841cb3daa4",
      "urn:containers:desk:container:0ac1faad9b4a800671d1fb9b88e8adf04286fa2d5b6f83234d5d11841cb3daa4",
      "urn:containers:desk:image:sha256%3A8e072f1aa2d5b5155eec8e820724d34e4cf36565bb906e1a004033ee3d0fedc6",
      "urn:containers:desk:volume:data",
    ]);
    const attributes = { network: "front" };
    expect(entries).toMatchObject([
      {
        class: "compute",
        name: "web",
        service: "podman",
        resource: "container",
        tags: ["team=web"],
        endpoints: [
          { type: "inet4", endpoint: "10.88.0.2", attributes },
          { type: "inet6", endpoint: "fd00::2", attributes },
        ],
      },
      { class: "compute", name: "0ac1faad9b4a", tags: [], endpoints: [] },
      { class: "registry", name: "docker.io/library/notes:1.2", resource: "image" },
      { class: "file-storage", name: "data", resource: "volume", tags: ["team=web"] },
    ]);
    const details = entries.map((entry) => JSON.parse(Buffer.from(entry.details).toString()) as unknown);
    expect(details[3]).toEqual(answers["/v1.41/volumes"].Volumes[0]);
  });

  it("lists an engine that is empty", async () => {
    const empty = { [CONTAINERS]: [], "/v1.41/images/json": [], "/v1.41/volumes": { Volumes: null } };
    expect(await listed(empty)).toBe(0);
  });

  it("requests no more than the host wants", async () => {
    await using server = await EngineServer.start({
      [CONTAINERS]: Array.from({ length: 2000 }, (_, index) => ({ Id: `${index}`.padEnd(4096, "0") })),
    });
    await using test = await start(server.location);
    const { interruption } = await test.list({ faults: { cancelAfter: { entries: 1 } } });
    expect(interruption).toBe("cancelled");
    expect(server.requests).toEqual(["/version", CONTAINERS]);
  });

  it("ends its request when the call is aborted", async () => {
    const abort = new AbortController();
    let closed: Promise<unknown> | undefined;
    const silent: RequestListener = (_request, response) => {
      response.write("[");
      closed = once(response, "close");
      abort.abort();
    };
    await using server = await EngineServer.start({ [CONTAINERS]: silent });
    await using test = await start(server.location);
    await expect(test.list({ signal: abort.signal })).rejects.toThrow();
    await closed;
    expect(closed).toBeDefined();
  });
});

describe("an engine that is out of order", () => {
  const refuses: RequestListener = (_request, response) => {
    response.writeHead(500).end('{"message":"the database is locked"}');
  };
  const dies: RequestListener = (_request, response) => {
    response.write("[", () => response.destroy());
  };
  const writes =
    (text: string): RequestListener =>
    (_request, response) => {
      response.end(text);
    };

  it.each([
    ["refuses", refuses, `GET ${CONTAINERS}: the engine answered 500: the database is locked`],
    ["dies", dies, /^GET .*containers.* on the socket ".*engine\.sock": aborted$/],
    ["sends no JSON", writes("<html>"), /not that of a container engine: the whole answer: Invalid type/],
    ["sends half an answer", writes('[{"Id":"a'), /not that of a container engine/],
    ["omits an id", [{ Id: "a" }, { Names: ["/b"] }], /not that of a container engine: 1\.Id: Invalid key/],
    ["sends too much", writes(" ".repeat(64 * 1024 * 1024 + 1)), /the answer has more than 67108864 bytes/],
  ])("fails the listing when the engine %s", async (_name, answer, text) => {
    await expect(listed({ [CONTAINERS]: answer })).rejects.toThrow(text);
  });

  it("limits the wait for an answer, and for its end", async () => {
    const never: RequestListener = () => undefined;
    const halts: RequestListener = (_request, response) => response.write("[");
    for (const answer of [never, halts]) {
      const late = listed({ "/version": answer }, { timeout: "50ms" });
      await expect(late).rejects.toThrow("GET /version: the engine did not answer within 0.05 s");
    }
  });

  it("names the socket that nothing serves", async () => {
    await using test = await start("containers:///nowhere/engine.sock");
    await expect(test.list()).rejects.toThrow(
      'GET /version on the socket "/nowhere/engine.sock": connect ENOENT /nowhere/engine.sock',
    );
    await expect(start("containers://engine.sock")).rejects.toThrow("expected the absolute path of a socket");
  });
});
