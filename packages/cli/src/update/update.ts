import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gt } from "semver";
import { CliError, UsageError } from "../exit-code.js";
import { sdkPackages } from "../new/sdk-spec.js";
import { ownVersion } from "../version.js";
import { codemodsBetween } from "./codemods/index.js";
import { Git } from "./git.js";
import { updateManifest } from "./manifest.js";

const exec = promisify(execFile);

const SOURCE = /\.[cm]?[jt]sx?$/;
const MANIFEST = "package.json";
const LOCK_FILE = "package-lock.json";

/** Options of {@link updateProject}. */
export interface UpdateOptions {
  /** Finds out what would change, and changes nothing. */
  readonly isDryRun: boolean;
  /** Updates package-lock.json, which asks the registry of npm. */
  readonly withLock: boolean;
  /** A range of versions, or a folder of tarballs. Default: the version of this program. */
  readonly sdk: string | undefined;
}

/** The changes of an update, made or planned. */
export interface UpdateResult {
  readonly from: string;
  readonly to: string;
  /** The codemods that were applied. */
  readonly codemods: readonly { readonly version: string; readonly name: string; readonly description: string }[];
  /** The changed files, with the changes one a line. */
  readonly files: readonly { readonly path: string; readonly changes: readonly string[] }[];
  /** Places that the author has to look at. */
  readonly notes: readonly string[];
  /** The commit; undefined if nothing has changed, or for a dry run. */
  readonly commit?: string;
}

interface Change {
  readonly path: string;
  readonly text: string;
  readonly changes: readonly string[];
}

/**
 * Moves a project to another version of the SDK, as one commit: the versions in package.json, and the codemods of the
 * versions between. Every file is computed before the first one is written.
 *
 * @throws UsageError if the folder is no project, is in no git repository, or has changes that are not committed. CliError if
 * a source cannot be parsed, npm cannot update the lock file, or git cannot commit.
 */
export async function updateProject(folder: string, options: UpdateOptions): Promise<UpdateResult> {
  const manifestPath = join(folder, MANIFEST);
  const before = await readFile(manifestPath, "utf8").catch((error: unknown) => {
    throw new UsageError(`cannot read ${manifestPath}: ${(error as Error).message}`, { cause: error });
  });
  const to = ownVersion();
  const target = options.sdk === undefined ? { version: to } : { sdk: await sdkPackages(options.sdk) };
  const manifest = updateManifest(before, manifestPath, target);
  const { from } = manifest;
  if (gt(from, to)) {
    throw new UsageError(
      `the project uses version ${from} of the SDK, which is newer than this program (${to}); run "npx kloset@latest update"`,
    );
  }
  const git = await Git.open(folder);
  if (!options.isDryRun) await refuseDirty(git, folder);

  const codemods = codemodsBetween(from, to);
  const notes = [...manifest.notes];
  const changes: Change[] = [];
  if (manifest.changes.length > 0) changes.push({ path: MANIFEST, text: manifest.text, changes: manifest.changes });
  const known = await git.files();
  for (const path of known.filter((path) => SOURCE.test(path))) {
    let text = await readFile(join(folder, path), "utf8");
    const made: string[] = [];
    for (const codemod of codemods) {
      const rewritten = rewrite(codemod, text, path);
      text = rewritten.text;
      made.push(...rewritten.changes);
      notes.push(...rewritten.notes.map((note) => `${path}, ${note}`));
    }
    if (made.length > 0) changes.push({ path, text, changes: made });
  }
  const isSourceChanged = changes.some(({ path }) => path !== MANIFEST);
  const result: UpdateResult = {
    from,
    to,
    codemods: isSourceChanged ? codemods.map(({ version, name, description }) => ({ version, name, description })) : [],
    files: changes.map(({ path, changes }) => ({ path, changes })),
    notes,
  };
  if (options.isDryRun || changes.length === 0) return result;

  const paths = changes.map(({ path }) => path);
  if (manifest.changes.length > 0 && options.withLock && known.includes(LOCK_FILE)) {
    await updateLock(folder, before, manifest.text);
    paths.push(LOCK_FILE);
  }
  for (const { path, text } of changes) await writeFile(join(folder, path), text);
  return { ...result, commit: await git.commit(messageOf(result), paths) };
}

async function refuseDirty(git: Git, folder: string): Promise<void> {
  const changes = await git.changes();
  const [first] = changes;
  if (first === undefined) return;
  const more = changes.length > 1 ? ` and ${changes.length - 1} more` : "";
  throw new UsageError(
    `${folder} has changes that are not committed: ${first.trim()}${more}; commit or stash them, so that the update can be undone`,
  );
}

function rewrite(
  codemod: ReturnType<typeof codemodsBetween>[number],
  text: string,
  path: string,
): ReturnType<typeof codemod.rewrite> {
  try {
    return codemod.rewrite(text, path);
  } catch (error) {
    throw new CliError(`cannot parse ${path}: ${(error as Error).message}; nothing was changed`, { cause: error });
  }
}

/** Updates package-lock.json, or leaves it and package.json as they were. */
async function updateLock(folder: string, before: string, after: string): Promise<void> {
  const [manifestPath, lockPath] = [join(folder, MANIFEST), join(folder, LOCK_FILE)];
  const lock = await readFile(lockPath);
  await writeFile(manifestPath, after);
  const args = ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"];
  try {
    // npm is a script for a shell on Windows.
    await exec("npm", args, { cwd: folder, env: process.env, shell: process.platform === "win32" });
  } catch (error) {
    await writeFile(manifestPath, before);
    await writeFile(lockPath, lock);
    const { stderr = "", message } = error as Error & { readonly stderr?: string };
    throw new CliError(
      `npm cannot update ${LOCK_FILE}: ${(stderr || message).trim()}\nNothing was changed. Without the registry, use --no-lock`,
      { cause: error },
    );
  }
}

function messageOf({ from, to, codemods }: UpdateResult): string {
  const subject =
    from === to ? `Adapt to version ${to} of the kloset SDK` : `Update the kloset SDK from ${from} to ${to}`;
  const body = codemods.map(({ version, name, description }) => `${version} ${name}: ${description}`);
  return [subject, ...(body.length > 0 ? ["", ...body] : [])].join("\n");
}
