import { afterAll, describe, it } from "@jest/globals";
import { describeConformance, type Subject } from "@kloset/conformance";
import { fileURLToPath } from "node:url";
import { DriveServer } from "./testing/drive-server.js";

const TOKEN = "example-token-of-the-drive";
const server = await DriveServer.start(TOKEN);

afterAll(() => server[Symbol.asyncDispose]());

const script = (name: string): Pick<Subject, "executable" | "args"> => ({
  executable: process.execPath,
  args: [fileURLToPath(new URL(`../dist/run-${name}.js`, import.meta.url))],
});
const shared = { location: server.location("{unique}"), config: { token: TOKEN } };

describeConformance(
  { connector: "exporter", ...script("exporter"), readBack: script("importer"), ...shared },
  { describe, it },
  { strict: true },
);
describeConformance(
  { connector: "importer", ...script("importer"), seed: script("exporter"), ...shared },
  { describe, it },
  { strict: true },
);
