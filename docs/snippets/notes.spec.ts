// #region backup
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareTrees, testConformance, testImporter } from "@kloset/testing";
import notes from "./notes.js";

const options = { location: "notes://desk", config: { token: "hush-hush" } };

test("backs up every note", async () => {
  await using importer = await testImporter(notes, options);
  const { tree, errors } = await importer.backup();
  assert.deepEqual(errors, []);
  assert.deepEqual(compareTrees({ "/today.txt": "Buy milk.\n", "/old.txt": "Drink it.\n" }, tree), []);
});
// #endregion backup

// #region faults
test("ends when the host disappears", async () => {
  await using importer = await testImporter(notes, options);
  const { interruption } = await importer.backup({ faults: { disconnectAfter: { entries: 1 } } });
  assert.equal(interruption, "disconnected");
});
// #endregion faults

// #region config
test("names an invalid option", async () => {
  const config = { ...options.config, page_size: "ten" };
  await assert.rejects(
    testImporter(notes, { ...options, config }),
    /config key "page_size": expected an integer from 1 to 1000, got "ten"/,
  );
});
// #endregion config

// #region conformance
test("conforms", () => testConformance(notes, options).then(() => undefined));
// #endregion conformance
