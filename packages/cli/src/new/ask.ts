import { isCancel, multiselect, text } from "@clack/prompts";
import { CliError, ExitCode } from "../exit-code.js";
import { NEW_KINDS, type NewKind } from "./kinds.js";
import { pluginNames } from "./names.js";

/** Asks questions. Tests replace it. */
export interface Questions {
  /** Asks for the name of the plugin. */
  name(): Promise<string>;
  /** Asks for the kinds of connectors: at least one. */
  kinds(): Promise<readonly NewKind[]>;
}

/**
 * Questions on the terminal.
 *
 * @throws CliError with the code of an interruption if the user cancels.
 */
export const terminalQuestions: Questions = {
  async name() {
    return answered(
      await text({
        message: "Name of the plugin, which is also the protocol of its locations",
        placeholder: "notes",
        validate: (value) => {
          try {
            pluginNames(value ?? "");
            return undefined;
          } catch (error) {
            return (error as Error).message;
          }
        },
      }),
    );
  },
  async kinds() {
    const options = NEW_KINDS.map(({ type, module, purpose }) => ({ value: type, label: module, hint: purpose }));
    const message = "Connectors (space selects, enter confirms)";
    const chosen = answered(
      await multiselect({ message, options, initialValues: ["importer" as const], required: true }),
    );
    return NEW_KINDS.filter(({ type }) => chosen.includes(type));
  },
};

function answered<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (isCancel(answer)) throw new CliError("cancelled; nothing was written", { exitCode: ExitCode.INTERRUPTED });
  return answer as Exclude<Answer, symbol>;
}
