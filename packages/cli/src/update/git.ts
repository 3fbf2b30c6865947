import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CliError, UsageError } from "../exit-code.js";

const exec = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** The git repository of a project. */
export class Git {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws UsageError if the folder is in no git repository, CliError if git is not installed. */
  static async open(folder: string): Promise<Git> {
    const git = new Git(folder);
    await git.#run("rev-parse", "--git-dir").catch((error: unknown) => {
      if (!isExit(error)) throw new CliError(`cannot run git: ${(error as Error).message}`, { cause: error });
      throw new UsageError(`${folder} is in no git repository; run "git init", and commit the project`, {
        cause: error,
      });
    });
    return git;
  }

  /** Returns the paths of the changed and of the unknown files in the folder, as git shows them. */
  async changes(): Promise<readonly string[]> {
    const status = await this.#run("status", "--porcelain", "--untracked-files=all", "--", ".");
    return status.split("\n").filter((line) => line !== "");
  }

  /** Returns the paths of all files that git knows, relative to the folder. */
  async files(): Promise<readonly string[]> {
    return (await this.#run("ls-files", "-z")).split("\0").filter((path) => path !== "");
  }

  /**
   * Commits some files, and nothing else that may be staged.
   *
   * @returns The abbreviated name of the commit.
   */
  async commit(message: string, paths: readonly string[]): Promise<string> {
    try {
      await this.#run("commit", "--quiet", "--message", message, "--", ...paths);
    } catch (error) {
      const { stderr = "", message: text } = error as Error & { readonly stderr?: string };
      throw new CliError(
        `the files are changed, but git commit failed: ${(stderr || text).trim()}\nCommit them, or undo it all with "git checkout -- ."`,
        { cause: error },
      );
    }
    return (await this.#run("rev-parse", "--short", "HEAD")).trim();
  }

  async #run(...args: string[]): Promise<string> {
    const { stdout } = await exec("git", args, { cwd: this.#folder, maxBuffer: MAX_OUTPUT_BYTES });
    return stdout;
  }
}

/** Tells the failure of git from one to start it, whose code is a text such as ENOENT. */
function isExit(error: unknown): boolean {
  return typeof (error as { readonly code?: unknown }).code === "number";
}
