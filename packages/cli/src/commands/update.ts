import { resolve } from "node:path";
import { Command } from "commander";
import type { CommandFactory } from "../command.js";
import { jsonOption } from "../options.js";
import { updateProject, type UpdateResult } from "../update/update.js";

interface UpdateCommandOptions {
  readonly dryRun?: true;
  readonly lock: boolean;
  readonly sdk?: string;
  readonly json?: true;
}

/** Creates `kloset update`. */
export const updateCommand: CommandFactory = ({ terminal }) =>
  new Command("update")
    .description("Moves a project to the version of the SDK of this command, as a git commit.")
    .argument("[folder]", "folder of the project", ".")
    .option("--dry-run", "print what would change, and change nothing")
    .option("--no-lock", "leave package-lock.json as it is; without it, npm's registry is asked")
    .option("--sdk <spec>", "range of versions of the SDK, or a folder of its tarballs (default: this version)")
    .addOption(jsonOption())
    .action(async (folder: string, { dryRun, lock, sdk, json }: UpdateCommandOptions) => {
      const isDryRun = dryRun === true;
      const result = await updateProject(resolve(folder), { isDryRun, withLock: lock, sdk });
      terminal.out(json === true ? `${JSON.stringify(result)}\n` : textOf(result, isDryRun));
    });

function textOf({ from, to, codemods, files, notes, commit }: UpdateResult, isDryRun: boolean): string {
  const lines = files.flatMap(({ path, changes }) => [path, ...changes.map((change) => `  ${change}`)]);
  for (const { version, name, description } of codemods) lines.push(`codemod ${name} (${version}): ${description}`);
  for (const note of notes) lines.push(`note: ${note}`);
  if (files.length === 0) lines.push(`Nothing to change: the project is at version ${to}.`);
  else if (isDryRun) lines.push(`Dry run: nothing was changed (${from} → ${to}).`);
  else lines.push(`Committed ${commit ?? ""} (${from} → ${to}).`, "", "Next:", "  npm install", "  npm test");
  return `${lines.join("\n")}\n`;
}
