import { dirname, resolve } from "node:path";
import {
  casesOf,
  checkConformance,
  chosenRules,
  isFailure,
  readDeviations,
  type Report,
  type RunOptions,
  type Subject,
} from "@kloset/conformance";
import { forTerminal, notApplicableText, outcomeText, repeatCommand, summaryText } from "@kloset/conformance/report";
import { UsageError } from "../exit-code.js";
import { locationsFor, type GivenLocation } from "../manifest/locations.js";
import type { Manifest, ManifestConnector } from "../manifest/manifest.js";

/** The connectors of a manifest that the conformance kit checks. */
export interface Subjects {
  readonly subjects: readonly Subject[];
  /** The connectors without a location. */
  readonly left: readonly ManifestConnector[];
}

/** The part of a subject that the command line gives. */
export type SubjectOptions = Pick<Subject, "config" | "handle" | "directory" | "persistent" | "generations">;

/**
 * Returns a subject for each connector and location. An exporter whose location has no folder is read back by the
 * importer of its protocol, and an importer whose location has `{unique}` is filled by the exporter.
 *
 * @param file - Path of the manifest.
 * @throws UsageError for a location that no connector has the protocol of.
 */
export function subjectsOf(
  file: string,
  { connectors }: Manifest,
  locations: readonly GivenLocation[],
  options: SubjectOptions,
): Subjects {
  for (const given of locations) {
    if (connectors.some((connector) => locationsFor(connector, [given]).length > 0)) continue;
    const protocols = [...new Set(connectors.flatMap((connector) => connector.protocols))].join(", ");
    throw new UsageError(
      `no ${given.type ?? "connector"} has the protocol of ${JSON.stringify(given.location)}: expected one of ${protocols}`,
    );
  }
  const found = connectors.map((connector) => ({ connector, locations: locationsFor(connector, locations) }));
  return {
    subjects: found.flatMap((each) =>
      each.locations.map((location) => subjectOf(file, each.connector, connectors, location, options)),
    ),
    left: found.filter((each) => each.locations.length === 0).map(({ connector }) => connector),
  };
}

function subjectOf(
  file: string,
  connector: ManifestConnector,
  connectors: readonly ManifestConnector[],
  location: string,
  { config, persistent, handle, directory, generations }: SubjectOptions,
): Subject {
  const { type } = connector;
  const protocol = location.slice(0, location.indexOf("://"));
  const other = (wanted: string): Pick<Subject, "executable" | "args"> | undefined => {
    const found = connectors.find((each) => each.type === wanted && each.protocols.includes(protocol));
    return found === undefined ? undefined : commandOf(file, found);
  };
  const sharesFolder = directory !== false && location.includes("{directory}");
  const readBack = type === "exporter" && !sharesFolder ? other("importer") : undefined;
  const isFilled = /\{(?:unique|directory)\}/.test(location) && !sharesFolder;
  const seed = type === "importer" && isFilled ? other("exporter") : undefined;
  return {
    ...{ connector: type, location, ...commandOf(file, connector), config, persistent, generations },
    ...(directory === false && { directory }),
    ...(type === "secret_provider" && handle !== undefined && { handle }),
    ...(readBack !== undefined && { readBack }),
    ...(seed !== undefined && { seed }),
  };
}

function commandOf(
  file: string,
  { executable, args = [] }: ManifestConnector,
): Pick<Subject, "executable" | "args"> & { readonly executable: string } {
  return { executable: resolve(dirname(file), executable), args };
}

/** The checks that the command line chooses. */
export interface ChosenChecks extends Pick<Subjects, "subjects"> {
  readonly kit: Required<Pick<RunOptions, "rules" | "deviations">>;
}

/**
 * Makes sure that the kit can check all subjects, before it starts any plugin.
 *
 * @param known - Path of the file with the known deviations. Absent if there are none.
 * @returns The rules to check, the subjects that at least one of them applies to, and the known deviations.
 * @throws UsageError for a subject that the kit cannot check, such as a storage whose location has no `{directory}`, for a
 * rule that applies to no subject, and for deviations that are wrong.
 */
export async function chooseChecks(
  subjects: readonly Subject[],
  { rules, known }: { readonly rules: readonly string[]; readonly known?: string | undefined },
): Promise<ChosenChecks> {
  try {
    const deviations = known === undefined ? [] : await readDeviations(known);
    // Without rules, the kit only looks at the subject and the deviations.
    for (const subject of subjects) await checkConformance(subject, { rules: [], deviations });
    const chosen = subjects.length === 0 ? [] : chosenRules(rules, subjects);
    const applicable = subjects.filter((subject) => casesOf(subject, chosen).length > 0);
    return { subjects: applicable, kit: { rules: chosen, deviations } };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(forTerminal(error.message), { cause: error });
    throw error;
  }
}

/** Options of {@link checkSubject}. */
interface KitRun extends Pick<RunOptions, "rules" | "deviations" | "strict" | "timeoutMs" | "signal"> {
  /** True if the executable is removed after the check: no command can repeat it then. */
  readonly isTemporary: boolean;
}

/**
 * Checks a subject, and prints its broken rules and a summary.
 *
 * @param print - Receives text for the terminal.
 * @throws The signal's reason when it is aborted.
 */
export async function checkSubject(
  subject: Subject,
  { isTemporary, ...options }: KitRun,
  print: (text: string) => void,
): Promise<Report> {
  print(`checking the ${subject.connector} at ${forTerminal(subject.location)}\n`);
  const report = await checkConformance(subject, {
    ...options,
    onOutcome: (outcome) => {
      if (isFailure(outcome) || outcome.verdict === "warning")
        print(outcomeText(outcome, isTemporary ? undefined : repeatCommand(subject, outcome, options)));
    },
  });
  print(notApplicableText(report));
  print(summaryText(report));
  return report;
}
