import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { bundleConnector } from "./bundle/bundle.js";
import { UsageError } from "./exit-code.js";

/** Settings of {@link launchPlugin}. */
export interface LaunchOptions {
  /** Address of Node's debugger, `[HOST:]PORT`. The plugin waits for it before it runs. Default: no debugger. */
  readonly inspectBrk?: string | undefined;
}

/** A plugin that is ready to be started, with `startPlugin` of `@kloset/host`. */
export interface LaunchedPlugin extends AsyncDisposable {
  /** Absolute path of the executable, or its name in PATH. */
  readonly executable: string;
  /** Environment of the process. */
  readonly env: NodeJS.ProcessEnv;
  /** Absolute path of the module that was bundled. Undefined for an executable. */
  readonly module: string | undefined;
  /** Removes the temporary files. Stop the plugin first. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Files with these extensions are modules to bundle, unless they start with "#!". */
const MODULE_EXTENSIONS: readonly string[] = [".ts", ".mts", ".js", ".mjs"];

/** Names with these extensions are never those of programs in PATH. */
const TYPESCRIPT_EXTENSIONS: readonly string[] = [".ts", ".mts"];

/**
 * Prepares a plugin for its start.
 *
 * @param plugin - Path of an executable in any language, its name in PATH, or the path of a module in TypeScript or
 * JavaScript whose default export is a `define…` connector. Such a module is bundled into a temporary folder first.
 * @throws CliError if the module does not exist or cannot be bundled. `startPlugin` checks an executable.
 */
export async function launchPlugin(plugin: string, options: LaunchOptions = {}): Promise<LaunchedPlugin> {
  const env = environmentOf(options);
  if (!(await isModule(plugin))) {
    if (TYPESCRIPT_EXTENSIONS.includes(extname(plugin)) && !(await isFile(plugin)))
      throw new UsageError(`module ${JSON.stringify(plugin)} does not exist; expected the path of a file`);
    const executable = (await isFile(plugin)) ? resolve(plugin) : plugin;
    return { executable, env, module: undefined, [Symbol.asyncDispose]: async () => undefined };
  }
  const module = resolve(plugin);
  const folder = await mkdtemp(join(tmpdir(), "kloset-plugin-"));
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const path = join(folder, `${basename(module, extname(module))}.cjs`);
    const isDebuggable = options.inspectBrk !== undefined;
    const { executable } = await bundleConnector(module, path, { isDebuggable, hasLines: true });
    return { executable, env, module, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** NODE_OPTIONS also reaches a plugin that a script starts. It is ignored by other languages. */
function environmentOf({ inspectBrk }: LaunchOptions): NodeJS.ProcessEnv {
  if (inspectBrk === undefined) return process.env;
  const options = [process.env["NODE_OPTIONS"], `--inspect-brk=${inspectBrk}`];
  return { ...process.env, NODE_OPTIONS: options.filter((each) => each !== undefined && each !== "").join(" ") };
}

async function isModule(plugin: string): Promise<boolean> {
  if (!MODULE_EXTENSIONS.includes(extname(plugin)) || !(await isFile(plugin))) return false;
  const file = await open(plugin);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString("latin1", 0, bytesRead) !== "#!";
  } finally {
    await file.close();
  }
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
