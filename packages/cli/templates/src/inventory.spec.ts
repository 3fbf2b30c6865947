import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { testConformance, testInventory } from "@kloset/testing";
import inventory from "./inventory.js";

const RESOURCES = [
  { class: "database", subclass: "postgresql", urn: "urn:db:1", name: "orders", tags: ["production"] },
  { class: "object-storage", subclass: "s3", urn: "urn:bucket:1", name: "photos" },
];

let folder: string;
let location: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "my-plugin-"));
  location = `my-plugin://${folder}/resources.json`;
  await writeFile(join(folder, "resources.json"), JSON.stringify(RESOURCES));
  await writeFile(join(folder, "wrong.json"), "{}");
  await writeFile(join(folder, "broken.json"), "[");
});
after(() => rm(folder, { recursive: true }));

test("lists every resource", async () => {
  await using run = await testInventory(inventory, { location });
  const { entries } = await run.list();
  assert.deepEqual(
    entries.map(({ urn }) => urn),
    ["urn:db:1", "urn:bucket:1"],
  );
});

test("lists resources with a tag", async () => {
  await using run = await testInventory(inventory, { location, config: { tag: "production" } });
  const { entries } = await run.list();
  assert.deepEqual(
    entries.map(({ name }) => name),
    ["orders"],
  );
});

test("rejects a file of another form", async () => {
  await using run = await testInventory(inventory, { location: `my-plugin://${folder}/wrong.json` });
  await assert.rejects(run.list(), /expected an array of resources/);
});

test("names a file that is not JSON", async () => {
  await using run = await testInventory(inventory, { location: `my-plugin://${folder}/broken.json` });
  await assert.rejects(run.list(), /broken\.json: .*JSON/);
});

test("conforms", () => testConformance(inventory, { location }).then(() => undefined));
