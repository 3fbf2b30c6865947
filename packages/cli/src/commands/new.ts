import { relative, resolve } from "node:path";
import { Command } from "commander";
import type { CommandFactory } from "../command.js";
import { UsageError } from "../exit-code.js";
import { terminalQuestions, type Questions } from "../new/ask.js";
import { createProject } from "../new/create.js";
import { NEW_KINDS, type NewKind } from "../new/kinds.js";
import { pluginNames } from "../new/names.js";
import { sdkPackages } from "../new/sdk-spec.js";
import { jsonOption } from "../options.js";

interface NewOptions extends Readonly<Record<string, unknown>> {
  readonly yes?: true;
  readonly directory?: string;
  readonly sdk?: string;
  readonly json?: true;
}

/** Creates `kloset new`. */
export const newCommand: CommandFactory = (context) => createNewCommand(context, terminalQuestions);

/** Creates `kloset new` with a way to ask. */
export function createNewCommand({ terminal }: Parameters<CommandFactory>[0], questions: Questions): Command {
  const command = new Command("new")
    .description("Creates the project of a plugin.")
    .argument("[name]", "name of the plugin, which is also the protocol of its locations");
  for (const { module, purpose } of NEW_KINDS) command.option(`--${module}`, `add a connector that ${purpose}`);
  return command
    .option("--yes", "ask nothing; without a kind, the plugin is an importer")
    .option("--directory <folder>", "folder of the project (default: kloset-plugin-NAME)")
    .option("--sdk <spec>", "range of versions of the SDK, or a folder of its tarballs (default: this version)")
    .addOption(jsonOption())
    .action(async (argument: string | undefined, options: NewOptions) => {
      const isAsking = terminal.isInteractive && options.yes === undefined && options.json === undefined;
      if (argument === undefined && !isAsking) throw new UsageError("the name is missing: kloset new NAME");
      const names = pluginNames(argument ?? (await questions.name()));
      const kinds = chosenKinds(options) ?? (isAsking ? await questions.kinds() : undefined) ?? impliedKinds(options);
      const sdk = await sdkPackages(options.sdk);
      const folder = resolve(options.directory ?? names.packageName);
      const files = await createProject({ names, kinds, folder, sdk });
      if (options.json === true) {
        terminal.out(`${JSON.stringify({ name: names.name, folder, files })}\n`);
        return;
      }
      const shown = relative(process.cwd(), folder);
      terminal.out(
        `Created ${files.length} files in ${folder}\n\nNext:\n  cd ${shown === "" ? "." : shown}\n  npm install\n  npm test\n`,
      );
    });
}

function chosenKinds(options: NewOptions): readonly NewKind[] | undefined {
  // Commander names the option --secret-provider secretProvider.
  const chosen = NEW_KINDS.filter(
    ({ module }) => options[module.replace(/-(.)/, (_, letter: string) => letter.toUpperCase())] === true,
  );
  return chosen.length === 0 ? undefined : chosen;
}

function impliedKinds({ yes }: NewOptions): readonly NewKind[] {
  if (yes === true) return NEW_KINDS.slice(0, 1);
  const flags = NEW_KINDS.map(({ module }) => `--${module}`).join(", ");
  throw new UsageError(`expected at least one of ${flags}, or --yes for an importer`);
}
