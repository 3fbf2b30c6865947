import { describe, expect, it } from "@jest/globals";
import { Mac } from "@kloset/model";
import { checkConformance } from "../../run.js";
import type { Subject } from "../../subject.js";
import { launchStorage, type Fault } from "../../testing/sound-storage.js";
import { storageRules } from "./index.js";

const refusing: Fault = {
  store: (sound) => ({
    put: (kind, mac, data, context) => {
      if (kind.startsWith("ecc")) throw new Error(`no ${kind}s here`);
      return sound.put(kind, mac, data, context);
    },
  }),
};

/** Returns the outcomes that are not passed, as "rule: verdict: message". */
async function check(ids: readonly string[], fault: Fault, subject: Partial<Subject>): Promise<string[]> {
  const { outcomes } = await checkConformance(
    {
      connector: "storage",
      executable: "in process",
      location: "memory://{unique}",
      launch: launchStorage(fault),
      ...subject,
    },
    { rules: storageRules.filter(({ id }) => ids.includes(id)), strict: true },
  );
  expect(outcomes.length).toBeGreaterThan(0);
  return outcomes
    .filter(({ verdict }) => verdict !== "passed")
    .map(({ rule, verdict, message }) => `${rule}: ${verdict}: ${message ?? ""}`);
}

describe("rules that do not hold for every storage", () => {
  it("do not apply to ECC resources that the store rejects", async () => {
    expect(await check(["storage.ecc.kept"], refusing, {})).toEqual([
      "storage.ecc.kept: not applicable: this store keeps no ECC resources: no ecc-packfiles here; no ecc-states here",
    ]);
  });

  it("do not start a second process on a store that ends with its process", async () => {
    const ids = storageRules.map(({ id }) => id).filter((id) => /processes|reopen|host-gone|close/.test(id));
    expect(ids).toHaveLength(6);
    // Every process has its own memory.
    const separate: Subject["launch"] = (request) => launchStorage()(request);
    const outcomes = await check(
      [...ids, "storage.put.cancelled"],
      {},
      { persistent: false, launch: separate, generations: ["v1.1"] },
    );
    expect(outcomes.sort()).toEqual(
      ids.sort().map((id) => `${id}: not applicable: the content of this store ends with its process`),
    );
  });

  it("do not apply to a Put that should fail and does not, which another rule checks", async () => {
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
