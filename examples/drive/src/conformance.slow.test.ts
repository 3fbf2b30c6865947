import { describe, expect, it } from "@jest/globals";
import { checkConformance, isFailure, type Subject } from "@kloset/conformance";
import { fileURLToPath } from "node:url";
import { DriveServer } from "./testing/drive-server.js";

const TOKEN = "example-token-of-the-drive";

const script = (name: string): Pick<Subject, "executable" | "args"> => ({
  executable: process.execPath,
  args: [fileURLToPath(new URL(`../dist/run-${name}.js`, import.meta.url))],
});

describe("the example", () => {
  const subjects = {
    exporter: { ...script("exporter"), readBack: script("importer") },
    importer: { ...script("importer"), seed: script("exporter") },
  } as const;

  it.each(["exporter", "importer"] as const)("passes the conformance kit as %s", async (connector) => {
    await using server = await DriveServer.start(TOKEN);
    const location = server.location("{unique}");
    const report = await checkConformance({ connector, location, config: { token: TOKEN }, ...subjects[connector] });
    expect(report.outcomes.filter(isFailure)).toEqual([]);
  });
});
