import { expect, it } from "@jest/globals";
import { compareTrees, testImporter } from "@kloset/testing";
import notes from "./notes.js";

const options = { location: "notes://desk", config: { token: "hush-hush" } };

// #region backup
it("backs up every note", async () => {
  await using importer = await testImporter(notes, options);
  const { tree, errors } = await importer.backup();
  expect(errors).toEqual([]);
  expect(compareTrees({ "/today.txt": "Buy milk.\n", "/old.txt": "Drink it.\n" }, tree)).toEqual([]);
});
// #endregion backup

// #region faults
it("ends when the host disappears", async () => {
  await using importer = await testImporter(notes, options);
  const { interruption } = await importer.backup({ faults: { disconnectAfter: { entries: 1 } } });
  expect(interruption).toBe("disconnected");
});
// #endregion faults

// #region config
it("names an invalid option", async () => {
  const config = { ...options.config, page_size: "ten" };
  await expect(testImporter(notes, { ...options, config })).rejects.toThrow(
    'config key "page_size": expected an integer from 1 to 1000, got "ten"',
  );
});
// #endregion config
