import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import type { CommandFactory } from "../command.js";
import { UsageError } from "../exit-code.js";
import { jsonOption } from "../options.js";
import { listingJson, listingText } from "../package/listing.js";
import { NODE_VERSION, ownTarget, registryBinaries, TARGETS, type TargetName } from "../package/node-binary.js";
import { packageProject, type PackageOptions } from "../package/package.js";
import { createPtar, ptarInstructions } from "../package/plakar.js";
import { writeReadmeTables } from "../package/readme.js";
import { writeRecipe } from "../package/recipe.js";
import { readProject } from "../project.js";

interface Options {
  readonly out?: string;
  readonly standalone?: true;
  readonly target?: readonly TargetName[];
  readonly node: string;
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
    .addOption(
      new Option(
        "--out <folder>",
        "folder for the package (default: dist/package in the project, or dist/standalone, with a folder for each target)",
      ),
    )
    .option("--standalone", "make executables that need no Node")
    .addOption(
      new Option("--target <list>", `platforms of --standalone: ${Object.keys(TARGETS).join(", ")} (default: this one)`)
        .argParser(targetsOf)
        .implies({ standalone: true }),
    )
    .option("--node <version>", "version of Node in the executables of --standalone", NODE_VERSION)
    .option("--list", "show what goes in, how large it is, and the three largest modules of each executable")
    .option("--recipe", "also write recipe.yaml, for `plakar pkg build`")
    .option("--no-ptar", "do not call `plakar pkg create`")
    .addOption(jsonOption())
    .action(async (folder: string, options: Options) => {
      const project = await readProject(folder);
      const recipe = options.recipe === true ? await writeRecipe(project) : undefined;
      const results: object[] = [];
      for (const settings of packagesOf(folder, options)) {
        const packaged = await packageProject(project, settings);
        for (const warning of packaged.warnings) terminal.error(`warning: ${warning}\n`);
        const readmeChanged = await writeReadmeTables(project.folder, packaged.tables);
        const plakar = options.ptar ? await createPtar(packaged, project.folder) : undefined;
        results.push({ ...listingJson(packaged), readmeChanged, plakar });
        if (options.json === true) continue;
        terminal.out(options.list === true ? listingText(packaged) : `${packaged.folder}\n`);
        if (plakar !== undefined) terminal.out(plakar);
        else if (options.ptar) terminal.error(ptarInstructions(packaged));
      }
      if (options.json === true) terminal.out(`${JSON.stringify({ packages: results, recipe }, undefined, 2)}\n`);
      else if (recipe !== undefined) terminal.out(`${recipe}\n`);
    });

/** The packages to write: one, or one for each target. */
function packagesOf(folder: string, { out, standalone, target, node }: Options): PackageOptions[] {
  if (standalone !== true) return [{ out: out === undefined ? resolve(folder, "dist/package") : resolve(out) }];
  const parent = out === undefined ? resolve(folder, "dist/standalone") : resolve(out);
  const binaries = registryBinaries(node);
  return (target ?? [thisTarget()]).map((each) => ({
    out: join(parent, each),
    standalone: { target: each, binaries },
  }));
}

function thisTarget(): TargetName {
  const own = ownTarget();
  if (isTarget(own)) return own;
  throw new UsageError(`--standalone cannot make executables for this platform, ${own}: choose one with --target`);
}

function isTarget(name: string): name is TargetName {
  return Object.hasOwn(TARGETS, name);
}

function targetsOf(list: string): TargetName[] {
  return list.split(",").map((name) => {
    if (isTarget(name)) return name;
    throw new InvalidArgumentError(
      `expected targets out of ${Object.keys(TARGETS).join(", ")}, separated by commas, got ${JSON.stringify(name)}.`,
    );
  });
}
