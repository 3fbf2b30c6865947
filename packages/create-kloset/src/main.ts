import { runNew } from "kloset/new";

process.exitCode = await runNew(process.argv.slice(2));
