import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { access, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { removeTree } from "./remove-tree.js";

it("removes a folder with inaccessible directories", async () => {
  const folder = mkdtempSync(join(tmpdir(), "remove-tree-"));
  mkdirSync(join(folder, "closed/inside"), { recursive: true });
  writeFileSync(join(folder, "closed/inside/file"), "", { mode: 0 });
  await chmod(join(folder, "closed/inside"), 0o000);
  await chmod(join(folder, "closed"), 0o500);
  await removeTree(folder);
  await expect(access(folder)).rejects.toThrow("ENOENT");
});

it("removes a folder with paths above the length limit of the system", async () => {
  const folder = mkdtempSync(join(tmpdir(), "remove-tree-"));
  let deep = join(folder, "0");
  mkdirSync(deep, { mode: 0o500 });
  for (let i = 1; i <= 30; i++) {
    const above = join(folder, String(i));
    mkdirSync(above);
    renameSync(deep, join(above, "d".repeat(200)));
    deep = above;
  }
  await removeTree(folder);
  await expect(access(folder)).rejects.toThrow("ENOENT");
});
