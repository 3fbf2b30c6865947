import { describe, expect, it } from "@jest/globals";
import { Mac } from "@kloset/model";
import { checkConformance } from "../../run.js";
import type { Subject } from "../../subject.js";
import { launchStorage, type Fault } from "../../testing/sound-storage.js";
import { storageRules } from "./index.js";

const refusing: Fault = {
  store: (sound) => ({
    put: (kind, mac, data) => {
      if (kind.startsWith("ecc")) throw new Error(`no ${kind}s here`);
      return sound.put(kind, mac, data);
    },
  }),
};

/** @returns What is not passed, as "rule: verdict: message". */
async function check(ids: readonly string[], fault: Fault, subject: Partial<Subject>): Promise<string[]> {
  const { outcomes } = await checkConformance(
    {
      connector: "storage",
      executable: "in process",
      location: "memory://{unique}",
      launch: launchStorage(fault),
      ...subject,
    },
    { rules: storageRules.filter(({ id }) => ids.includes(id)) },
  );
  expect(outcomes.length).toBeGreaterThan(0);
  return outcomes
    .filter(({ verdict }) => verdict !== "passed")
    .map(({ rule, verdict, message }) => `${rule}: ${verdict}: ${message ?? ""}`);
}

describe("rules that do not hold for every storage", () => {
  it("do not ask a store for ECC resources that it refuses", async () => {
    expect(await check(["storage.ecc.kept"], refusing, {})).toEqual([
      "storage.ecc.kept: not applicable: this store keeps no ECC resources: no ecc-packfiles here; no ecc-states here",
    ]);
  });

  it("do not take a second process to a store that is gone with its first", async () => {
    const ids = storageRules.map(({ id }) => id).filter((id) => /processes|reopen|host-gone|close/.test(id));
    expect(ids).toHaveLength(6);
    // Each process a memory of its own.
    const forgetful: Subject["launch"] = (request) => launchStorage()(request);
    const outcomes = await check(
      [...ids, "storage.put.cancelled"],
      {},
      { persistent: false, launch: forgetful, generations: ["v1.1"] },
    );
    expect(outcomes.sort()).toEqual(
      ids.sort().map((id) => `${id}: not applicable: what this store keeps is gone with its process`),
    );
  });

  it("do not judge a Put that was to fail and did not: another rule does", async () => {
    const fault: Fault = {
      v1_0: (sound) => ({
        putPackfile: (messages, context) =>
          sound.putPackfile(
            (async function* () {
              for await (const message of messages) {
                yield message.mac === undefined
                  ? message
                  : { ...message, mac: { ...message.mac, value: Mac.fromHex("00".repeat(32)).bytes } };
              }
            })(),
            context,
          ),
      }),
    };
    expect(await check(["storage.put.failure-text"], fault, { generations: ["v1.0"] })).toEqual([
      "storage.put.failure-text: not applicable: this store accepts a Put with a MAC of 31 bytes",
    ]);
  });
});
