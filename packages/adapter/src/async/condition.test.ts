import { describe, expect, it } from "@jest/globals";
import { Condition } from "./condition.js";

describe("Condition", () => {
  it("wakes every waiter once", async () => {
    const condition = new Condition();
    const woken: string[] = [];
    const waits = ["a", "b"].map((name) => condition.changed().then(() => woken.push(name)));
    expect(woken).toEqual([]);
    condition.notifyAll();
    await Promise.all(waits);
    expect(woken).toEqual(["a", "b"]);
    condition.notifyAll();
    expect(woken).toEqual(["a", "b"]);
  });

  it("does not remember notifications from before a wait", async () => {
    const condition = new Condition();
    condition.notifyAll();
    let changes = 0;
    const wait = condition.changed().then(() => changes++);
    await new Promise(setImmediate);
    expect(changes).toBe(0);
    condition.notifyAll();
    await wait;
    expect(changes).toBe(1);
  });

  it("does not wake a waiter that is added while others are woken", async () => {
    const condition = new Condition();
    const woken: string[] = [];
    const wait = condition.changed().then(() => {
      woken.push("first");
      void condition.changed().then(() => woken.push("second"));
    });
    condition.notifyAll();
    await wait;
    await new Promise(setImmediate);
    expect(woken).toEqual(["first"]);
  });
});
