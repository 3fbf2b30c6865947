import { describe, expect, it } from "@jest/globals";
import { scaleCases } from "./cases.js";
import { startAndEnd } from "./starts.js";

const MiB = 1024 * 1024;

// Runs the built plugin, in the same processes as the large run.
describe("a small run of each scale case", () => {
  it.each(scaleCases.map((each) => [`${each.generation} ${each.name}`, each] as const))(
    "%s",
    async (_, { run, bound }) => {
      const peak = await run({ records: 2500, bytes: 5 * MiB + 3 });
      expect(peak).toBeGreaterThan(10 * MiB);
      expect(peak).toBeLessThan(bound);
    },
    60_000,
  );

  it("starts and ends importers without leaks", async () => {
    await startAndEnd(3);
  }, 60_000);
});
