import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { testConformance, testSecretProvider } from "@kloset/testing";
import secretProvider from "./secret-provider.js";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "my-plugin-"));
  await mkdir(join(folder, "db"));
  await writeFile(join(folder, "db", "password"), "the-secret-of-the-test\n");
  await symlink("/etc/hostname", join(folder, "outside"));
});
after(() => rm(folder, { recursive: true }));

test("resolves a secret", async () => {
  await using run = await testSecretProvider(secretProvider, { location: `my-plugin://${folder}` });
  assert.equal(await run.resolve("db/password"), "the-secret-of-the-test");
});

test("keeps the newline", async () => {
  const options = { location: `my-plugin://${folder}`, config: { newline: "true" } };
  await using run = await testSecretProvider(secretProvider, options);
  assert.equal(await run.resolve("db/password"), "the-secret-of-the-test\n");
});

for (const handle of ["missing", "../password", "outside", ""]) {
  test(`finds no secret for ${JSON.stringify(handle)}`, async () => {
    await using run = await testSecretProvider(secretProvider, { location: `my-plugin://${folder}` });
    await assert.rejects(run.resolve(handle));
  });
}

test("conforms", () =>
  testConformance(secretProvider, { location: `my-plugin://${folder}`, handle: "db/password" }).then(() => undefined));
