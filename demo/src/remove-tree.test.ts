import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
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
