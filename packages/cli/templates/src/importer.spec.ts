import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { compareTrees, testConformance, testImporter } from "@kloset/testing";
import importer from "./importer.js";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "my-plugin-"));
  await mkdir(join(folder, "notes"));
  await writeFile(join(folder, "notes", "today.txt"), "Buy milk.\n");
  await writeFile(join(folder, ".hidden"), "");
  await symlink("notes/today.txt", join(folder, "now"));
});
after(() => rm(folder, { recursive: true }));

test("backs up every entry", async () => {
  await using run = await testImporter(importer, { location: `my-plugin://${folder}` });
  const { tree, errors } = await run.backup();
  assert.deepEqual(errors, []);
  const expected = {
    "/.hidden": "",
    "/notes/today.txt": "Buy milk.\n",
    "/now": { target: "notes/today.txt" },
  };
  assert.deepEqual(compareTrees(expected, tree), []);
});

test("leaves out hidden entries", async () => {
  await using run = await testImporter(importer, { location: `my-plugin://${folder}`, config: { hidden: "false" } });
  const { tree } = await run.backup();
  assert.ok(!tree.pathnames.includes("/.hidden"));
});

test("rejects a folder that does not exist", async () => {
  await assert.rejects(testImporter(importer, { location: `my-plugin://${folder}/missing` }), /ENOENT/);
});

test("conforms", () => testConformance(importer, { location: "my-plugin://{directory}" }).then(() => undefined));
