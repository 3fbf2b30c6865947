import { beforeAll, describe, expect, it } from "@jest/globals";
import { calmAuthor } from "./capture.js";
import { recordCorpus, type Corpus } from "./corpus.js";
import { execute } from "./execute.js";
import { inputOf } from "./generate/generate.js";
import { envelope, preface, settings } from "./http2.js";
import type { RpcInput, WireInput } from "./input.js";
import { sdkTarget, type Target } from "./target.js";
import * as broken from "./testing/broken.js";

const SEED = 5;
let corpus: Corpus;

beforeAll(async () => {
  corpus = await recordCorpus();
}, 120_000);

/** A host that says the least. */
const wire: WireInput = {
  kind: "wire",
  what: "a connection",
  author: calmAuthor,
  steps: [preface, settings(), "quiet"],
  reads: "all",
  end: "end",
};

const rpc: RpcInput = {
  kind: "rpc",
  what: "a call",
  author: calmAuthor,
  userAgent: "grpc-go/1.81.1",
  calls: [{ path: "/importer.Importer/Ping", body: [envelope(new Uint8Array())], beside: false }],
};

/** Long enough for a busy machine: only what hangs takes so long. */
const WATCHDOG_MS = 2000;

describe("a broken plugin is found out that", () => {
  it.each<[string, Target, string]>([
    ["does not end", broken.hangs, "hang: the connection does not end after its input"],
    ["does not read", broken.deaf, "hang: the input is not read"],
    ["does not close its connectors", broken.lingers, "hang: the connectors are not closed"],
    ["leaves a connector open", broken.forgets, "connector: importer was closed 0 times"],
    ["closes a connector twice", broken.closesTwice, "connector: store was closed 2 times"],
    ["leaves a call alone", broken.abandons, "unsettled: read /srv/ds/a.txt"],
    ["sends GOAWAY", broken.goesAway, "goaway: a GOAWAY frame was sent"],
    ["prints", broken.prints, "output: "],
    ["sends half a frame", broken.breaksOff, "output: it ends within a frame"],
    ["pushes", broken.pushes, "output: "],
    ["sends data for no call", broken.sendsNowhere, "output: "],
    ["sends a frame that is too large", broken.sendsTooMuch, "output: "],
  ])("%s", async (_, target, fault) => {
    const large = {
      ...wire,
      steps: [preface, ...Array.from({ length: 10 }, () => Buffer.alloc(20_000)), "quiet"] as const,
    };
    const faults = await execute(target === broken.deaf ? large : wire, target, WATCHDOG_MS);
    expect(faults).toEqual([expect.stringContaining(fault) as unknown]);
  });

  it.each<[string, Target, string]>([
    ["fails without a message", broken.isMute, "failed with status 2 and no message"],
    ["answers without a status", broken.saysNothing, "ended without a status"],
    ["answers a status that does not exist", broken.babbles, 'ended with the status "99"'],
  ])("%s", async (_, target, fault) => {
    expect(await execute(rpc, target, WATCHDOG_MS)).toContainEqual(
      `status: /importer.Importer/Ping ${fault}${fault.endsWith("a status") ? " (HTTP/2 error 0)" : ""}`,
    );
  });
});

describe("the SDK", () => {
  it("passes a host that says the least, and a call before Init", async () => {
    expect(await execute(wire, sdkTarget())).toEqual([]);
    expect(await execute(rpc, sdkTarget())).toEqual([]);
  });

  it.each(["connect", "framed"] as const)(
    "on the server %s refuses a call that is still being written, and the call closes",
    async (server) => {
      const body = Array.from({ length: 10 }, () => envelope(Buffer.alloc(3000)));
      const calls = [{ path: "/plakar.exporter.Exporter/Export", body, beside: false }, ...rpc.calls];
      expect(await execute({ ...rpc, calls }, sdkTarget(server), WATCHDOG_MS)).toEqual([]);
    },
  );

  it(`passes inputs of seed ${SEED}`, async () => {
    for (let index = 0; index < 100; index++) {
      expect({ index, faults: await execute(inputOf(corpus, SEED, index), sdkTarget()) }).toEqual({
        index,
        faults: [],
      });
    }
  }, 300_000);
});
