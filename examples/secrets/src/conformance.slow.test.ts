import { afterAll, describe, it } from "@jest/globals";
import { describeConformance } from "@kloset/conformance";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleProgram } from "../../../packages/cli/dist/bundle/bundle.js";

const folder = mkdtempSync(join(tmpdir(), "kloset-secrets-"));
const identity = await generateX25519Identity();
const encrypter = new Encrypter();
encrypter.addRecipient(await identityToRecipient(identity));
writeFileSync(join(folder, "password.age"), await encrypter.encrypt("hunter2-of-the-kit\n"));
await bundleProgram(fileURLToPath(new URL("run-secrets.ts", import.meta.url)), join(folder, "run-secrets.cjs"));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describeConformance(
  {
    connector: "secret_provider",
    executable: process.execPath,
    args: [join(folder, "run-secrets.cjs")],
    location: `age://${folder}`,
    config: { identity },
    handle: "password",
  },
  { describe, it },
  { strict: true },
);
