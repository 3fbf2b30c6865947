import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { Admission } from "./admission.js";
import { MAX_BEGUN_AT_ONCE } from "../limits.js";

/** Sends calls through an admission, and records which have begun. */
function callsOf(admission: Admission): { readonly begun: number[]; readonly come: (count: number) => void } {
  const begun: number[] = [];
  let calls = 0;
  return {
    begun,
    come: (count) => {
      for (let i = 0; i < count; i += 1) {
        const call = calls++;
        const wait = admission.begin();
        if (wait === undefined) begun.push(call);
        else void wait.over.then(() => begun.push(call));
      }
    },
  };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe("Admission", () => {
  it("lets calls begin in order of arrival, a few in each turn", async () => {
    const { begun, come } = callsOf(new Admission(() => true));
    come(3 * MAX_BEGUN_AT_ONCE);
    expect(begun).toEqual(upTo(MAX_BEGUN_AT_ONCE));
    await nextTurn();
    come(1);
    for (let turns = 0; turns < 5; turns += 1) await nextTurn();
    expect(begun).toEqual(upTo(3 * MAX_BEGUN_AT_ONCE + 1));
  });

  it("lets only one call begin per read of the host's while there is no room", async () => {
    let hasRoom = false;
    const admission = new Admission(() => hasRoom);
    const { begun, come } = callsOf(admission);
    come(200);
    await nextTurn();
    expect(begun).toEqual([]);
    for (const count of [1, 2]) {
      admission.onRoom();
      await nextTurn();
      expect(begun).toEqual(upTo(count));
    }
    hasRoom = true;
    admission.onRoom();
    for (let turns = 0; turns < 10; turns += 1) await nextTurn();
    expect(begun).toEqual(upTo(200));
  });

  it("keeps no place for a call that gave up", async () => {
    const admission = new Admission(() => false);
    const { begun, come } = callsOf(admission);
    const gone = admission.begin();
    come(2);
    gone?.giveUp();
    await gone?.over;
    gone?.giveUp();
    expect(begun).toEqual([]);
    admission.onRoom();
    await nextTurn();
    expect(begun).toEqual([0]);
  });

  it("wakes all calls when the connection has ended", async () => {
    const admission = new Admission(() => false);
    const { begun, come } = callsOf(admission);
    come(2);
    admission.close();
    await nextTurn();
    expect(begun).toEqual(upTo(2));
  });
});
