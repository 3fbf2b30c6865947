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

/** A minimal host. */
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
  calls: [{ path: "/importer.Importer/Ping", body: [envelope(new Uint8Array())], concurrent: false }],
};

/** The time limit of what hangs. */
const HANG_MS = 2000;
/** Long enough for a busy machine. */
const WATCHDOG_MS = 120_000;

describe("execute reports a plugin that", () => {
  // Each case waits for the watchdog, so they run at once.
  it("hangs at any stage", async () => {
    const large: WireInput = {
      ...wire,
      steps: [preface, ...Array.from({ length: 10 }, () => Buffer.alloc(20_000)), "quiet"],
    };
    const cases: readonly [WireInput, Target, string][] = [
      [wire, broken.hangs, "hang: the connection does not end after its input"],
      [large, broken.neverReads, "hang: the input is not read"],
      [wire, broken.neverCloses, "hang: the connectors are not closed"],
      [wire, broken.leavesCallRunning, "unsettled: read /srv/ds/a.txt"],
    ];
    const faults = await Promise.all(cases.map(([input, target]) => execute(input, target, HANG_MS)));
    expect(faults).toEqual(cases.map(([, , fault]) => [expect.stringContaining(fault) as unknown]));
  });

  it.each<[string, Target, string]>([
    ["leaves a connector open", broken.leavesConnectorOpen, "connector: importer was closed 0 times"],
    ["closes a connector twice", broken.closesTwice, "connector: store was closed 2 times"],
    ["sends GOAWAY", broken.goesAway, "goaway: a GOAWAY frame was sent"],
    ["prints to its output", broken.prints, "output: "],
    ["sends half a frame", broken.breaksOff, "output: it ends within a frame"],
    ["sends PUSH_PROMISE", broken.pushes, "output: "],
    ["sends DATA on stream 0", broken.sendsNowhere, "output: "],
    ["sends a frame that is too large", broken.sendsTooMuch, "output: "],
  ])("%s", async (_, target, fault) => {
    expect(await execute(wire, target, WATCHDOG_MS)).toEqual([expect.stringContaining(fault) as unknown]);
  });

  it.each<[string, Target, string]>([
    ["fails without a message", broken.failsWithoutMessage, "failed with status 2 and no message"],
    ["answers without a status", broken.omitsStatus, "ended without a status"],
    ["answers with a status that does not exist", broken.sendsUnknownStatus, 'ended with the status "99"'],
  ])("%s", async (_, target, fault) => {
    expect(await execute(rpc, target, WATCHDOG_MS)).toContainEqual(
      `status: /importer.Importer/Ping ${fault}${fault.endsWith("a status") ? " (HTTP/2 error 0)" : ""}`,
    );
  });
});

describe("the SDK", () => {
  it("has no faults on a minimal host and a call before Init", async () => {
    expect(await execute(wire, sdkTarget(), WATCHDOG_MS)).toEqual([]);
    expect(await execute(rpc, sdkTarget(), WATCHDOG_MS)).toEqual([]);
  });

  it.each(["connect", "framed"] as const)(
    "rejects and closes a call that is still being written, on the server %s",
    async (server) => {
      const body = Array.from({ length: 10 }, () => envelope(Buffer.alloc(3000)));
      const calls = [{ path: "/plakar.exporter.Exporter/Export", body, concurrent: false }, ...rpc.calls];
      expect(await execute({ ...rpc, calls }, sdkTarget(server), WATCHDOG_MS)).toEqual([]);
    },
  );

  it(`has no faults on 100 inputs of seed ${SEED}`, async () => {
    for (let index = 0; index < 100; index++) {
      expect({ index, faults: await execute(inputOf(corpus, SEED, index), sdkTarget(), WATCHDOG_MS) }).toEqual({
        index,
        faults: [],
      });
    }
  }, 300_000);
});
