import { runCli } from "./program.js";
import { processTerminal } from "./terminal.js";

const interruption = new AbortController();
// The first Ctrl-C cancels as Plakar does. The second one ends the process at once.
process.once("SIGINT", () => {
  interruption.abort(new Error("interrupted"));
});
process.exitCode = await runCli(process.argv.slice(2), { terminal: processTerminal(), signal: interruption.signal });
