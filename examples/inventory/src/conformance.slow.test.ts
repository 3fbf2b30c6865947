import { afterAll, describe, it } from "@jest/globals";
import { describeConformance } from "@kloset/conformance";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleProgram } from "../../../packages/cli/dist/bundle/bundle.js";
import { EngineServer } from "./testing/engine-server.js";

/** The socket of a real engine, such as that of `podman system service`. Without it, the answers come from memory. */
const { KLOSET_ENGINE_SOCKET: socket } = process.env;

const server = await EngineServer.start();
const folder = mkdtempSync(join(tmpdir(), "kloset-inventory-"));
await bundleProgram(fileURLToPath(new URL("run-inventory.ts", import.meta.url)), join(folder, "run-inventory.cjs"));

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describeConformance(
  {
    connector: "inventory",
    executable: process.execPath,
    args: [join(folder, "run-inventory.cjs")],
    location: socket === undefined ? server.location : `containers://${socket}`,
  },
  { describe, it },
  { strict: true },
);
