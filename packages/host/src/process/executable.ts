import { access, constants, open, stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { PluginConnectionError } from "../errors.js";

/** The plugin to start, and the folder that a relative path starts from. */
export interface Executable {
  readonly executable: string;
  readonly cwd?: string | undefined;
}

/** The kernel reads no more of a "#!" line. */
const FIRST_BYTES = 256;

/**
 * Checks the file before it is started. Instead of failing as released hosts do, Node would run a file without a "#!"
 * line as a shell script.
 *
 * @throws TypeError if `executable` is not a path.
 * @throws PluginConnectionError if the file cannot be executed.
 */
export async function assertExecutable(plugin: Executable): Promise<void> {
  const executable: unknown = plugin.executable;
  if (typeof executable !== "string" || executable === "") {
    const given = executable === "" ? '""' : String(executable);
    throw new TypeError(`option "executable": expected the path of a plugin, got ${given}`);
  }
  if (isInPath(executable)) return;
  try {
    await access(pathOf(plugin), constants.X_OK);
    if ((await stat(pathOf(plugin))).isDirectory()) throw startError(executable, "it is a directory");
    await assertProgram(plugin);
  } catch (error) {
    throw await explained(plugin, error);
  }
}

/** Returns the error for a plugin that the operating system does not start, with the reason and a remedy. */
export async function explained(plugin: Executable, cause: unknown): Promise<PluginConnectionError> {
  if (cause instanceof PluginConnectionError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, () => string | Promise<string>>> = {
    ENOENT: () => missingPart(plugin),
    EACCES: () => `it is not executable; set its mode with "chmod +x"`,
  };
  const reason = code === undefined ? undefined : await reasons[code]?.();
  return startError(plugin.executable, reason ?? message, cause);
}

/** Rejects text without a "#!" line. Programs of every platform have zeros in their headers. */
async function assertProgram(plugin: Executable): Promise<void> {
  // Windows selects the interpreter by the extension.
  if (process.platform === "win32") return;
  const start = await startOf(plugin);
  if (start === undefined || start.startsWith("#!") || start.includes("\0")) return;
  throw startError(plugin.executable, 'it has no "#!" line that names its interpreter (exec format error)');
}

/** Returns the reason for ENOENT: a folder, the file or its interpreter may be missing. */
async function missingPart(plugin: Executable): Promise<string> {
  const { executable, cwd } = plugin;
  if (cwd !== undefined && !(await exists(cwd))) return `the working directory ${JSON.stringify(cwd)} does not exist`;
  if (isInPath(executable)) {
    return 'no such file in PATH; a file in the working directory is named "./<file>"';
  }
  if (!(await exists(pathOf(plugin)))) return "no such file";
  const interpreter = /^#!\s*(\S+)/.exec((await startOf(plugin)) ?? "")?.[1];
  return interpreter === undefined
    ? "its loader does not exist"
    : `its interpreter ${JSON.stringify(interpreter)} does not exist; correct its "#!" line`;
}

/** Returns the first bytes as Latin-1; undefined if the file cannot be read, which executing it does not require. */
async function startOf(plugin: Executable): Promise<string | undefined> {
  try {
    const file = await open(pathOf(plugin));
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
      return buffer.toString("latin1", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** Returns true if the operating system looks the name up in PATH. */
function isInPath(executable: string): boolean {
  return !executable.includes("/") && !executable.includes(sep);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function pathOf({ executable, cwd }: Executable): string {
  return resolve(cwd ?? ".", executable);
}

function startError(executable: string, reason: string, cause?: unknown): PluginConnectionError {
  return new PluginConnectionError(`cannot start the plugin ${JSON.stringify(executable)}: ${reason}`, { cause });
}
