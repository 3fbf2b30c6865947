import { expect } from "@jest/globals";
import { type } from "./raw-frames.js";
import type { RawHost } from "./raw-host.js";

/** The limit of the plugin's peak memory, in MiB. */
const MAX_PEAK = 300;

const mac = Buffer.concat([Buffer.from([0x0a, 32]), Buffer.alloc(32, 1)]);

/** The Put and Get requests of v1.1, and those of v1.0, which have the MAC in a nested message. */
export const storeRequests = {
  "v1.1": Buffer.concat([mac, Buffer.from([0x10, 1])]),
  "v1.0": Buffer.concat([Buffer.from([0x0a, mac.length]), mac]),
} as const;

/** HTTP/2 error codes with which the plugin resets streams. */
export const resetCode = { flowControl: 3, refused: 7, enhanceYourCalm: 11 } as const;

/** Ends the plugin as an exiting host does, and expects a clean end. */
export async function expectCleanEnd(host: RawHost, peak = MAX_PEAK): Promise<void> {
  const { log, stop } = host.running;
  expect(await host.mode()).toBe(6);
  expect(await stop()).toEqual({ code: 0, signal: null });
  await log.waitFor("peak");
  expect(log.lines("storage: ")).toEqual([]);
  expect(log.lines("clos")).toEqual(["closing", "closed"]);
  expect(log.lines("exit")).toEqual(["exit 0"]);
  expect(host.count(type.goaway)).toBe(0);
  expect(Number(log.lines("peak")[0]?.split(" ")[1])).toBeLessThan(peak);
}
