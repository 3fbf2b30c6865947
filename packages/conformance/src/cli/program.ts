import { CommanderError } from "commander";
import { isFailure, type Report } from "../outcome.js";
import { jsonText } from "../report/json.js";
import { junitText } from "../report/junit.js";
import { repeatCommand } from "../report/repeat.js";
import { notApplicableText, outcomeText, summaryText } from "../report/text.js";
import { hostsOf } from "../levels.js";
import { rules as allRules } from "../rules/index.js";
import { chosenRules } from "../cases.js";
import { checkConformance, DEFAULT_TIMEOUT_MS } from "../run.js";
import { GENERATIONS } from "../subject.js";
import { conformanceCommand, type Request } from "./command.js";
import { Interruption } from "./interruption.js";
import { ReportError, ReportFile } from "./report-file.js";

/** The exit codes of the command. */
const ExitCode = {
  /** Every checked rule is kept, or listed as a known deviation. */
  CONFORMS: 0,
  /** A rule is broken, a known deviation is stale, no rule could be checked, or a report could not be written. */
  BROKEN: 1,
  /** Wrong usage: nothing was checked. */
  USAGE: 2,
} as const;

/** Stands for standard output in place of a file name. */
const STANDARD_OUTPUT = "-";

/** The output streams of the command. */
export interface Output {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/**
 * Runs the command.
 *
 * @param signal - Interrupts the command, with an {@link Interruption} as its reason. Its plugins and folders are removed.
 * @returns One of {@link ExitCode}, or the exit code of the interruption.
 */
export async function runCommand(args: readonly string[], output: Output, signal?: AbortSignal): Promise<number> {
  let code: number = ExitCode.CONFORMS;
  const command = conformanceCommand({
    check: async (request) => {
      code = (await check(request, output, signal)) ? ExitCode.CONFORMS : ExitCode.BROKEN;
    },
    list: () => {
      output.out(listOfRules());
    },
  });
  for (const each of [command, ...command.commands]) {
    each.configureOutput({ writeOut: output.out, writeErr: output.error });
    each.exitOverride();
  }
  try {
    await command.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.CONFORMS : ExitCode.USAGE;
    if (error instanceof Interruption) {
      output.error(`${error.message}\n`);
      return error.exitCode;
    }
    if (!(error instanceof RangeError || error instanceof ReportError)) throw error;
    output.error(`error: ${error.message}\n`);
    return error instanceof ReportError ? ExitCode.BROKEN : ExitCode.USAGE;
  }
  return code;
}

async function check(request: Request, output: Output, signal: AbortSignal | undefined): Promise<boolean> {
  const { json, junit } = request;
  const files: ReportFile[] = [];
  const fileFor = async (path: string | undefined): Promise<ReportFile | undefined> => {
    if (path === undefined || path === STANDARD_OUTPUT) return undefined;
    const file = await ReportFile.open(path);
    files.push(file);
    return file;
  };
  try {
    const [jsonFile, junitFile] = [await fileFor(json), await fileFor(junit)];
    const report = await checkAndPrint(request, output, signal);
    if (json === STANDARD_OUTPUT) output.out(jsonText(report));
    await jsonFile?.write(jsonText(report));
    await junitFile?.write(junitText(report));
    return report.ok;
  } finally {
    for (const file of files) await file.close();
  }
}

async function checkAndPrint(
  { subject, deviations, rules, strict, timeoutMs, json, quiet }: Request,
  output: Output,
  signal: AbortSignal | undefined,
): Promise<Report> {
  // Standard output then belongs to the report.
  const print = json === STANDARD_OUTPUT ? output.error : output.out;
  const report = await checkConformance(subject, {
    ...{ deviations, strict, timeoutMs, rules: chosenRules(rules, [subject]), signal },
    onOutcome: (outcome) => {
      const { verdict } = outcome;
      // A failed start is reported once; the summary counts the rules that were not asked.
      const isShown = verdict !== "not asked" && verdict !== "not applicable";
      if (!isFailure(outcome) && verdict !== "warning" && (quiet || !isShown)) return;
      print(
        outcomeText(
          outcome,
          repeatCommand(subject, outcome, { strict, ...(timeoutMs !== DEFAULT_TIMEOUT_MS && { timeoutMs }) }),
        ),
      );
    },
  });
  if (!quiet) print(notApplicableText(report));
  print(summaryText(report));
  return report;
}

function listOfRules(): string {
  const lines = allRules.map(({ id, connector, generations = GENERATIONS, title, ...rule }) => {
    const hosts = generations.flatMap((generation) => hostsOf(rule, generation)).join();
    return `${connector}\t${generations.join()}\t${id}\t${hosts === "" ? "-" : hosts}\t${title}\n`;
  });
  return lines.join("");
}
