import type { Environment } from "./environment.js";
import { collectFacts, type Facts } from "./facts.js";
import type { Finding } from "./finding.js";
import { checkHosts } from "./hosts.js";
import { checkPackages } from "./packages.js";
import { checkPluginFiles, checkProject } from "./project.js";
import { checkNode, checkNpm, checkPlakar, checkPlatform, checkTypescript } from "./tools.js";
import { checkVariables } from "./variables.js";

/** The checks, in the order of the report. */
const allChecks: readonly ((facts: Facts) => Finding | readonly Finding[])[] = [
  checkPlatform,
  checkNode,
  checkNpm,
  checkTypescript,
  checkPlakar,
  checkPackages,
  checkProject,
  checkPluginFiles,
  checkHosts,
  checkVariables,
];

/** Runs all checks of `kloset doctor`. */
export async function diagnose(environment: Environment): Promise<Finding[]> {
  const facts = await collectFacts(environment);
  return allChecks.flatMap((check) => check(facts));
}
