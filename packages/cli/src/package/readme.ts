import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CliError } from "../exit-code.js";

const MARKER = /(<!-- kloset options: (\w+) -->\n)[\s\S]*?(<!-- \/kloset options -->)/g;

/**
 * Writes the tables of options into the README of a project: between `<!-- kloset options: importer -->` and
 * `<!-- /kloset options -->`, each on a line of its own. A README without these lines is left as it is.
 *
 * @param tables - Markdown, by the type of the connector.
 * @returns True if the README has changed.
 * @throws CliError if the lines name a connector that the project does not have.
 */
export async function writeReadmeTables(folder: string, tables: ReadonlyMap<string, string>): Promise<boolean> {
  const path = join(folder, "README.md");
  let before: string;
  try {
    before = await readFile(path, "utf8");
  } catch {
    return false;
  }
  const after = before.replace(MARKER, (_, start: string, type: string, end: string) => {
    const table = tables.get(type);
    if (table === undefined)
      throw new CliError(`${path}: <!-- kloset options: ${type} -->: the project has no ${type} that declares options`);
    return `${start}${table}${end}`;
  });
  if (after === before) return false;
  await writeFile(path, after);
  return true;
}
