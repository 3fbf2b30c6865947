import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "@jest/globals";
import { runCli } from "../../program.js";

/** The repository. */
const TOP = fileURLToPath(new URL("../../../../../", import.meta.url));

/** Returns the path of a bundled connector of plugins/fs. */
export function fsPlugin(connector: "importer" | "exporter" | "storage"): string {
  return join(TOP, "plugins/fs/dist", `tsfs-${connector}.cjs`);
}

/** The result of a command. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Standard output as it was written. */
  readonly bytes: Buffer;
  /** Each line of standard output, parsed as JSON. */
  readonly lines: () => Record<string, unknown>[];
}

/** Runs `kloset inspect` with a terminal in memory. */
export async function inspect(
  args: readonly string[],
  options: {
    readonly isTerminal?: boolean;
    readonly signal?: AbortSignal;
    readonly onError?: (text: string) => void;
    readonly onWrite?: (chunk: string | Uint8Array) => Promise<void>;
  } = {},
): Promise<Ran> {
  const chunks: Buffer[] = [];
  let err = "";
  const out = (text: string | Uint8Array): void => {
    chunks.push(Buffer.from(text));
  };
  const terminal = {
    ...{ isTerminal: options.isTerminal === true, isInteractive: false, columns: 100, out },
    error: (text: string) => {
      err += text;
      options.onError?.(text);
    },
    write: async (chunk: string | Uint8Array) => {
      await options.onWrite?.(chunk);
      out(chunk);
    },
  };
  const signal = options.signal ?? new AbortController().signal;
  const code = await runCli(["inspect", ...args], { terminal, signal });
  assertGone(err);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString();
  return {
    ...{ code, out: text, err, bytes },
    lines: () =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** Creates a temporary folder. The caller removes it. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "kloset-inspect-"));
}

/** Checks that the processes that wrote `running PID EXECUTABLE` have ended, and that their folders are removed. */
function assertGone(log: string): void {
  for (const [, pid, executable = ""] of log.matchAll(/^running (\d+) (.+)$/gm)) {
    expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH");
    expect(existsSync(dirname(executable))).toBe(false);
  }
}
