import { interruptionOf } from "./interruption.js";
import { runCommand } from "./program.js";

const signal = interruptionOf(process);
const output = {
  out: (text: string) => process.stdout.write(text),
  error: (text: string) => process.stderr.write(text),
};
process.exitCode = await runCommand(process.argv.slice(2), output, signal);
// An abandoned check could keep the process alive.
if (signal.aborted) process.exit();
