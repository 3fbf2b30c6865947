import { InvalidArgumentError, Option } from "commander";

/**
 * Creates the option for the configuration of a plugin, as in Plakar: `-o key=value`, which may be repeated. Everything
 * after the first `=` is the value.
 */
export function configOption(): Option {
  return new Option("-o, --option <key=value>", "configuration of the plugin, as in Plakar; may be repeated")
    .argParser((text: string, previous: Readonly<Record<string, string>>) => {
      const at = text.indexOf("=");
      if (at < 1) throw new InvalidArgumentError(`expected key=value, got ${JSON.stringify(text)}.`);
      return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
    })
    .default({}, "none");
}

/** Creates the option that prints the result as JSON instead of text. */
export function jsonOption(): Option {
  return new Option("--json", "print the result as JSON");
}
