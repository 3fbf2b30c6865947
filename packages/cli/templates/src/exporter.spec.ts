import assert from "node:assert/strict";
import { mkdtemp, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { testConformance, testExporter } from "@kloset/testing";
import exporter from "./exporter.js";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "my-plugin-"));
});
after(() => rm(folder, { recursive: true }));

test("restores files and links", async () => {
  await using run = await testExporter(exporter, { location: `my-plugin://${folder}` });
  const { errors } = await run.restore({
    "/notes/today.txt": "Buy milk.\n",
    "/now": { target: "notes/today.txt" },
  });
  assert.deepEqual(errors, []);
  assert.equal(await readFile(join(folder, "notes", "today.txt"), "utf8"), "Buy milk.\n");
  assert.equal(await readlink(join(folder, "now")), "notes/today.txt");
});

test("keeps nothing of a file whose source fails", async () => {
  await using run = await testExporter(exporter, { location: `my-plugin://${folder}` });
  await run.restore({ "/broken": "x".repeat(3_000_000) }, { faults: { failing: { "/broken": 2_000_000 } } });
  await assert.rejects(readFile(join(folder, "broken")), /ENOENT/);
});

test("conforms", () => testConformance(exporter, { location: "my-plugin://{directory}" }).then(() => undefined));
