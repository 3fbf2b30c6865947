import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { CommandFactory } from "../command.js";
import { jsonOption } from "../options.js";
import { listingJson, listingText } from "../package/listing.js";
import { packageProject } from "../package/package.js";
import { createPtar, ptarInstructions } from "../package/plakar.js";
import { writeReadmeTables } from "../package/readme.js";
import { writeRecipe } from "../package/recipe.js";
import { readProject } from "../project.js";

interface Options {
  readonly out?: string;
  readonly list?: true;
  readonly recipe?: true;
  readonly ptar: boolean;
  readonly json?: true;
}

/** Creates `kloset package`. */
export const packageCommand: CommandFactory = ({ terminal }) =>
  new Command("package")
    .description("Bundles a plugin, and writes its manifest: everything that `plakar pkg create` needs.")
    .argument("[folder]", "folder of the project, with a package.json that has a kloset key", ".")
    .addOption(new Option("--out <folder>", "folder for the package (default: dist/package in the project)"))
    .option("--list", "show what goes in, how large it is, and the three largest modules of each executable")
    .option("--recipe", "also write recipe.yaml, for `plakar pkg build`")
    .option("--no-ptar", "do not call `plakar pkg create`")
    .addOption(jsonOption())
    .action(async (folder: string, options: Options) => {
      const project = await readProject(folder);
      const out = options.out === undefined ? resolve(folder, "dist/package") : resolve(options.out);
      const packaged = await packageProject(project, { out });
      for (const warning of packaged.warnings) terminal.error(`warning: ${warning}\n`);
      const readmeChanged = await writeReadmeTables(project.folder, packaged.tables);
      const recipe = options.recipe === true ? await writeRecipe(project) : undefined;
      const ptar = options.ptar ? await createPtar(packaged, project.folder) : undefined;
      if (options.json === true) {
        const result = { ...listingJson(packaged), readmeChanged, recipe, plakar: ptar };
        terminal.out(`${JSON.stringify(result, undefined, 2)}\n`);
        return;
      }
      terminal.out(options.list === true ? listingText(packaged) : `${packaged.folder}\n`);
      if (recipe !== undefined) terminal.out(`${recipe}\n`);
      if (ptar !== undefined) terminal.out(ptar);
      else if (options.ptar) terminal.error(ptarInstructions(packaged));
    });
