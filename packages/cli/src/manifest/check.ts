import { chmod, readdir, rename, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../exit-code.js";
import { checkAnswers, type AnswerOptions } from "./answers.js";
import { checkFiles } from "./files.js";
import { MANIFEST_NAME } from "./manifest.js";
import type { Fix, Problem } from "./problem.js";
import { checkProject } from "./project.js";
import { parseManifest, readText, type ManifestSource } from "./read.js";
import { checkSecrets } from "./secrets.js";
import { checkValidators } from "./validator.js";
import { checkValues } from "./values.js";

/** The name that authors of other systems use. */
const OTHER_NAME = "manifest.yml";
/** The names under which a manifest is found, the right one first. */
export const MANIFEST_NAMES: readonly string[] = [MANIFEST_NAME, OTHER_NAME];
const RUN_BITS = 0o111;

/**
 * Finds the manifest to check.
 *
 * @param target - A folder, or the path of the manifest itself.
 * @returns The path of a file, which may have a wrong name.
 * @throws UsageError if the folder has no manifest.
 */
export async function findManifest(target: string): Promise<string> {
  const stats = await stat(target).catch(() => undefined);
  if (stats === undefined) throw new UsageError(`${JSON.stringify(target)} does not exist`);
  if (!stats.isDirectory()) return target;
  const names = await readdir(target);
  const name = MANIFEST_NAMES.find((each) => names.includes(each));
  if (name === undefined)
    throw new UsageError(
      `the folder ${JSON.stringify(target)} has no ${MANIFEST_NAME}, and no package.json of a project: name the folder that has one of them`,
    );
  return join(target, name);
}

/**
 * Checks a manifest and the files that it names.
 *
 * @param target - The folder of the manifest, or its path.
 * @param answers - Starts the connectors that have a location, and checks their answers to Init. Default: starts none.
 * @returns The problems in the order of their positions; empty if all is well.
 * @throws UsageError if there is no manifest, or it cannot be read.
 */
export async function checkManifest(target: string, answers?: AnswerOptions): Promise<Problem[]> {
  const file = await findManifest(target);
  const source = parseManifest(file, await readText(file));
  await checkName(source);
  const folder = dirname(file);
  if (source.isReadable) {
    checkValues(source);
    await checkFiles(source, folder);
    const validators = await checkValidators(source, folder);
    checkSecrets(source.findings, validators);
    await checkProject(source, folder, validators);
    if (answers !== undefined) await checkAnswers(source, folder, answers);
  }
  return source.findings.inOrder();
}

async function checkName({ findings }: ManifestSource): Promise<void> {
  const { file } = findings;
  const [name, folder] = [basename(file), dirname(file)];
  const names = await readdir(folder);
  if (name !== MANIFEST_NAME) {
    const message = `Plakar needs the name ${MANIFEST_NAME}, got ${JSON.stringify(name)}`;
    if (names.includes(MANIFEST_NAME)) {
      findings.add("file-name", 0, `${message}: the folder has both, remove this file`);
    } else {
      const fix: Fix | undefined =
        name === OTHER_NAME ? { kind: "rename", to: join(folder, MANIFEST_NAME) } : undefined;
      findings.add("file-name", 0, `${message}: rename the file`, fix);
    }
  } else if (names.includes(OTHER_NAME)) {
    findings.add("file-name", 0, `hosts read this file only: remove ${OTHER_NAME} beside it`);
  }
}

/**
 * Applies the fixes of problems, which must be those of the present text.
 *
 * @returns The problems that were solved, and the path of the manifest, which may have changed.
 */
export async function fixProblems(problems: readonly Problem[]): Promise<{ fixed: readonly Problem[]; file?: string }> {
  const fixed = problems.filter(({ fix }) => fix !== undefined);
  const edits = fixed.flatMap(({ fix }) => (fix?.kind === "replace" ? [fix] : []));
  const file = fixed[0]?.file;
  if (file === undefined) return { fixed };
  if (edits.length > 0) await writeFile(file, edited(await readText(file), edits));
  let path = file;
  for (const { fix } of fixed) {
    if (fix?.kind === "run-bits") await chmod(fix.path, ((await stat(fix.path)).mode & 0o7777) | RUN_BITS);
    if (fix?.kind === "rename") {
      await rename(file, fix.to);
      path = fix.to;
    }
  }
  return { fixed, file: path };
}

/** Replaces parts of a text. The rest, comments included, stays as it is. */
function edited(text: string, edits: readonly Extract<Fix, { kind: "replace" }>[]): string {
  let [result, end] = [text, text.length];
  // From the end, so that the offsets stay true. An alias can make two problems of one place.
  for (const edit of edits.toSorted((a, b) => b.start - a.start)) {
    if (edit.end > end) continue;
    result = result.slice(0, edit.start) + edit.text + result.slice(edit.end);
    end = edit.start;
  }
  return result;
}
