import { describe, expect, it } from "@jest/globals";
import { systemError } from "./errors.js";
import { openUnleased, type Pause } from "./open-unleased.js";

const leased = (): Error => systemError("EAGAIN", "resource temporarily unavailable, open", "/leased");

describe("openUnleased", () => {
  it("does not wait if the file is not leased", async () => {
    const pause: Pause = () => Promise.reject(new Error("waited"));
    expect(await openUnleased(() => 7, undefined, pause)).toBe(7);
    const failure = systemError("ENOENT", "no such file or directory, open", "/none");
    await expect(openUnleased(() => Promise.reject(failure), undefined, pause)).rejects.toBe(failure);
  });

  it("retries until the lease is released", async () => {
    let tries = 0;
    const open = async (): Promise<number> => {
      if (++tries < 3) throw leased();
      return 7;
    };
    // With the real pause, of a few milliseconds.
    expect(await openUnleased(open)).toBe(7);
    expect(tries).toBe(3);
  });

  it("waits longer than the system's lease break time, but not forever", async () => {
    let waited = 0;
    const pause: Pause = async (milliseconds) => {
      waited += milliseconds;
    };
    const opening = openUnleased(() => Promise.reject(leased()), undefined, pause);
    await expect(opening).rejects.toThrow("EAGAIN: resource temporarily unavailable, open, '/leased'");
    expect(waited).toBeGreaterThan(45_000);
    expect(waited).toBeLessThan(60_000);
  });

  it("rejects with the reason of an abort, during a pause and before one", async () => {
    const reason = new Error("enough");
    const abort = new AbortController();
    let tries = 0;
    const open = async (): Promise<number> => {
      tries++;
      queueMicrotask(() => {
        abort.abort(reason);
      });
      throw leased();
    };
    await expect(openUnleased(open, abort)).rejects.toBe(reason);
    expect(tries).toBe(1);
    await expect(openUnleased(open, abort)).rejects.toBe(reason);
    expect(tries).toBe(2);
  });
});
