import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { macOf, testConformance, testStorage } from "@kloset/testing";
import storage from "./storage.js";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "my-plugin-"));
});
after(() => rm(folder, { recursive: true }));

test("returns what was stored", async () => {
  await using run = await testStorage(storage, { location: `my-plugin://${folder}/repository` });
  await run.create("configuration");
  await run.put("packfile", macOf("a"), "content");
  assert.equal(Buffer.from(await run.get("packfile", macOf("a"))).toString(), "content");
  const range = { offset: 3, length: 2 };
  assert.equal(Buffer.from(await run.get("packfile", macOf("a"), { range })).toString(), "te");
  assert.deepEqual(await run.list("packfile"), [macOf("a")]);
  await run.delete("packfile", macOf("a"));
  assert.deepEqual(await run.list("packfile"), []);
});

test("rejects a second repository in a folder", async () => {
  await using run = await testStorage(storage, { location: `my-plugin://${folder}/second` });
  await run.create("first");
  await assert.rejects(run.create("second"), /contains a repository already/);
  assert.equal(Buffer.from(await run.open()).toString(), "first");
});

test("conforms", () => testConformance(storage, { location: "my-plugin://{directory}" }).then(() => undefined));
