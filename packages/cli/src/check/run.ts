import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import type { Report } from "@kloset/conformance";
import { forTerminal, junitText } from "@kloset/conformance/report";
import type { CommandContext } from "../command.js";
import { CliError, ExitCode, UsageError } from "../exit-code.js";
import { checkManifest, fixProblems } from "../manifest/check.js";
import type { GivenLocation } from "../manifest/locations.js";
import type { Problem } from "../manifest/problem.js";
import { readManifest } from "../manifest/read.js";
import {
  checkSubject,
  chooseChecks,
  subjectsOf,
  type ChosenChecks,
  type SubjectOptions,
  type Subjects,
} from "./conformance.js";
import { openTarget } from "./target.js";

/** The command line of `kloset check`. */
export interface CheckRequest extends SubjectOptions {
  /** Folder or path of the manifest. */
  readonly target: string;
  readonly only?: "manifest" | "conformance" | undefined;
  readonly locations: readonly GivenLocation[];
  readonly fix: boolean;
  /** Warnings count as errors, and broken robustness rules as broken ones. */
  readonly strict: boolean;
  /** Ids of rules of the kit, or prefixes of ids; empty for all rules. */
  readonly rules: readonly string[];
  /** File with the known deviations from the rules of the kit. */
  readonly known?: string | undefined;
  /** Time limit for one check of the kit. Default: that of the kit. */
  readonly timeoutMs?: number | undefined;
  readonly json: boolean;
  /** File for the JUnit report of the conformance kit. */
  readonly junit?: string | undefined;
}

/** The result of `kloset check --json`. */
export interface CheckResult {
  /** True if nothing is wrong: the exit code is 0. */
  readonly ok: boolean;
  /** Path of the manifest; only its name if a project was packaged for the check. */
  readonly file: string;
  /** Absolute path of the project that was packaged for the check; null if the target has a manifest. */
  readonly project: string | null;
  /** The problems of the manifest that are left; null if it was not checked. */
  readonly problems: readonly Problem[] | null;
  /** The problems that `--fix` has solved. */
  readonly fixed: readonly Problem[];
  /** The reports of the conformance kit; null if it was not run. */
  readonly conformance: readonly Report[] | null;
}

/** Checks a manifest, and its connectors with the conformance kit. */
export async function check(request: CheckRequest, { terminal, signal, exitWith }: CommandContext): Promise<void> {
  const { only, json, locations, junit } = request;
  if (only === "conformance" && locations.length === 0)
    throw new UsageError("--only conformance needs --location: the kit opens each connector at a location");
  if (junit !== undefined && (only === "manifest" || locations.length === 0))
    throw new UsageError("--junit writes the report of the conformance kit, which needs --location");
  const print = json ? terminal.error : terminal.out;
  await using found = await openTarget(request.target, request.fix, terminal);
  const { project } = found;
  // Reports wrong usage before anything is checked or changed.
  await connectorsOf(found.file, request);
  await using report = await reportFile(junit);
  const checked = only === "conformance" ? undefined : await checkAndFix(found.file, request, signal);
  const file = checked?.file ?? found.file;
  const manifest = checked !== undefined && project !== undefined ? withoutFolder(checked) : checked;
  if (manifest !== undefined) print(problemsText(manifest));
  const conformance: Report[] = [];
  if (only !== "manifest") {
    const connectors = await connectorsOf(file, request);
    const { kit, subjects } = connectors;
    for (const subject of subjects)
      conformance.push(
        await checkSubject(subject, { ...request, ...kit, isTemporary: project !== undefined, signal }, print),
      );
    print(leftText(connectors, locations));
  }
  const wasRun = conformance.length > 0;
  if (wasRun) await report.write(junitText(...conformance));
  const isSound = manifest?.problems.every(({ level }) => level === "warning" && !request.strict) !== false;
  const ok = isSound && conformance.every((each) => each.ok) && (only !== "conformance" || wasRun);
  if (json) {
    const result: CheckResult = {
      ...{ ok, file: manifest?.file ?? file, project: project ?? null },
      ...{ problems: manifest?.problems ?? null, fixed: manifest?.fixed ?? [] },
      conformance: wasRun ? conformance : null,
    };
    terminal.out(`${JSON.stringify(result, null, 2)}\n`);
  }
  if (!ok) exitWith(ExitCode.FAILED);
}

interface Checked {
  readonly file: string;
  readonly problems: readonly Problem[];
  readonly fixed: readonly Problem[];
}

/** Leaves out the temporary folder, which does not exist after the check. */
function withoutFolder({ file, problems, ...rest }: Checked): Checked {
  const name = basename(file);
  return { ...rest, file: name, problems: problems.map((problem) => ({ ...problem, file: name })) };
}

async function checkAndFix(
  target: string,
  { fix, locations, config, generations }: CheckRequest,
  signal: AbortSignal,
): Promise<Checked> {
  const answers = locations.length > 0 ? { locations, config, generations, signal } : undefined;
  const { fixed, file = target } = fix ? await fixProblems(await checkManifest(target)) : { fixed: [] };
  const problems = await checkManifest(file, answers);
  signal.throwIfAborted();
  return { file, problems, fixed };
}

type Connectors = ChosenChecks & Subjects;

/**
 * Returns the connectors to check with the kit; none if the linter finds that the manifest cannot be read.
 *
 * @throws UsageError for a location, a rule or a deviation that is wrong; CliError if the manifest cannot be read and the
 * linter does not run.
 */
async function connectorsOf(file: string, request: CheckRequest): Promise<Connectors> {
  const nothing = { subjects: [], left: [], kit: { rules: [], deviations: [] } };
  if (request.locations.length === 0) return nothing;
  try {
    const found = subjectsOf(file, await readManifest(file), request.locations, request);
    return { ...found, ...(await chooseChecks(found.subjects, request)) };
  } catch (error) {
    if (request.only === "conformance" || error instanceof UsageError || !(error instanceof CliError)) throw error;
    return nothing;
  }
}

function leftText({ subjects, left }: Subjects, locations: readonly GivenLocation[]): string {
  if (locations.length === 0)
    return "the connectors were not started: --location <protocol>://<rest> checks them, too\n";
  if (subjects.length === 0) return "the connectors were not started: correct the manifest first\n";
  const lines = left.map(
    ({ type, protocols }) => `the ${type} of ${protocols.join(", ")} was not started: it has no --location\n`,
  );
  return forTerminal(lines.join(""));
}

/** Formats the result of the linter for people: one line for each problem. */
function problemsText({ file, problems, fixed }: Checked): string {
  const line = ({ line: row, column, level, message, rule, file: path }: Problem, mark: string = level): string =>
    `${oneLine(`${path}:${row}:${column}: ${mark}: ${message}`)} (${rule})\n`;
  const lines = [...fixed.map((problem) => line(problem, "fixed")), ...problems.map((problem) => line(problem))];
  const count = (level: string): number => problems.filter((problem) => problem.level === level).length;
  const fixable = problems.filter(({ fix }) => fix !== undefined).length;
  const summary =
    problems.length === 0
      ? "no problem"
      : `${plural(count("error"), "error")}, ${plural(count("warning"), "warning")}${fixable > 0 ? `, ${fixable} of them for --fix` : ""}`;
  return `${lines.join("")}${oneLine(file)}: ${summary}\n`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function oneLine(text: string): string {
  return forTerminal(text).replaceAll("\n", String.raw`\n`);
}

/** The file of the JUnit report. It is opened before the first check, so that a wrong path is reported at once. */
async function reportFile(path: string | undefined): Promise<AsyncDisposable & { write(text: string): Promise<void> }> {
  let handle: FileHandle | undefined;
  try {
    // Keeps the content until there is a new one.
    handle = path === undefined ? undefined : await open(path, "a");
  } catch (error) {
    throw new UsageError(`cannot write the report: ${(error as Error).message}`, { cause: error });
  }
  return {
    write: async (text) => {
      if (handle === undefined) return;
      if ((await handle.stat()).isFile()) await handle.truncate();
      await handle.writeFile(text);
    },
    [Symbol.asyncDispose]: async () => {
      await handle?.close();
    },
  };
}
