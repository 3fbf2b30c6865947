import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "@jest/globals";
import { ESLint, Linter } from "eslint";

const top = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Returns the lines that the syntax rules of the project reject. */
async function rejected(code: string): Promise<number[]> {
  const config = (await new ESLint({ cwd: top }).calculateConfigForFile("packages/host/src/index.ts")) as {
    rules: Linter.RulesRecord;
  };
  const name = "no-restricted-syntax";
  const rule = config.rules[name];
  if (rule === undefined) throw new Error(`${name} is off`);
  return new Linter().verify(code, [{ rules: { [name]: rule } }]).map(({ line }) => line);
}

it("rejects updates that read the old value before they wait", async () => {
  const code = [
    "async function update(totals, list, more) {",
    "  totals.bytes += await more();",
    "  this.count -= 1 + (await more()).length;",
    "  totals.made ??= await more();",
    "  totals.bytes = totals.bytes + (await more());",
    "  totals.made ??= (async () => await more())();",
    "  const bytes = await more();",
    "  totals.bytes += bytes;",
    "  totals.last = await more();",
    "}",
  ];
  expect(await rejected(code.join("\n"))).toEqual([2, 3, 4, 5]);
});
