/**
 * Applies `--server connect` or `--server framed` to this process and its children. Must be a
 * program's first import: other modules read the environment while they load.
 */
const name = serverOption(process.argv);
// optionsOf reports other names.
if (name === "connect" || name === "framed") process.env["KLOSET_SERVER"] = name;

function serverOption(args: readonly string[]): string | undefined {
  const index = args.indexOf("--server");
  return index < 0 ? args.find((arg) => arg.startsWith("--server="))?.slice("--server=".length) : args[index + 1];
}
