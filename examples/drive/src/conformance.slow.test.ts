import { afterAll, describe, it } from "@jest/globals";
import { describeConformance, type Subject } from "@kloset/conformance";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleProgram } from "../../../packages/cli/dist/bundle/bundle.js";
import { DriveServer } from "./testing/drive-server.js";

const TOKEN = "example-token-of-the-drive";
const server = await DriveServer.start(TOKEN);
const folder = mkdtempSync(join(tmpdir(), "kloset-drive-"));
// The kit starts hundreds of processes, and one file loads sooner than the modules of the SDK.
for (const name of ["run-importer", "run-exporter"])
  await bundleProgram(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), join(folder, `${name}.cjs`));

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const script = (name: string): Pick<Subject, "executable" | "args"> => ({
  executable: process.execPath,
  args: [join(folder, `run-${name}.cjs`)],
});
const shared = { location: server.location("{unique}"), config: { token: TOKEN } };

// One generation each, because `plugins/fs` meets every rule in both.
describeConformance(
  { connector: "exporter", generations: ["v1.0"], ...script("exporter"), readBack: script("importer"), ...shared },
  { describe, it },
  { strict: true },
);
describeConformance(
  { connector: "importer", generations: ["v1.1"], ...script("importer"), seed: script("exporter"), ...shared },
  { describe, it },
  { strict: true },
);
