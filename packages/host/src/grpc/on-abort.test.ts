import { getEventListeners } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { onAbort } from "./on-abort.js";

describe("onAbort", () => {
  it("calls every listener once, and adds a single listener to the signal", () => {
    const controller = new AbortController();
    const called: number[] = [];
    for (let i = 0; i < 50; i += 1) onAbort(controller.signal, () => called.push(i));
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    controller.abort();
    expect(called).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  it("does not call a removed listener, and accepts new ones", () => {
    const controller = new AbortController();
    const called: string[] = [];
    const stop = onAbort(controller.signal, () => called.push("one"));
    onAbort(controller.signal, () => called.push("two"));
    stop();
    onAbort(controller.signal, () => called.push("three"));
    controller.abort();
    expect(called).toEqual(["two", "three"]);
  });

  it("keeps signals apart", () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const called: string[] = [];
    onAbort(one.signal, () => called.push("one"));
    onAbort(other.signal, () => called.push("other"));
    other.abort();
    expect(called).toEqual(["other"]);
  });
});
