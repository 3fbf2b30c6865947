import { describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drive, measuresOf } from "./drive.js";
import { measuresWith } from "./testing/figures.js";

describe("the output of the host", () => {
  it("is parsed", () => {
    expect(measuresOf(`${JSON.stringify(measuresWith({ seconds: 3 }))}\n`)).toEqual(measuresWith({ seconds: 3 }));
  });

  it.each([
    ["{}", "the host printed no seconds: {}"],
    ["null", "the host printed no seconds: null"],
    [JSON.stringify({ ...measuresWith({}), peakBytes: "much" }), "the host printed no peakBytes"],
  ])("is rejected if it is %s", (text, message) => {
    expect(() => measuresOf(text)).toThrow(message);
  });
});

it("reports the job and the stderr of a host that failed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kloset-bench-"));
  try {
    const host = join(folder, "host");
    writeFileSync(host, "#!/bin/sh\necho wrong bytes came >&2\nexit 1\n", { mode: 0o755 });
    const job = { work: "put", count: 2, config: ["a=b"], plugin: ["plugin", "storage"] };
    await expect(drive(host, job, process.env)).rejects.toThrow(
      /^-work=put -count=2 -config=a=b plugin storage: wrong bytes came$/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
