import { open, stat } from "node:fs/promises";
import type { Stats } from "node:fs";
import { isAbsolute, join, posix, resolve, sep } from "node:path";
import { quoted, type Findings, type Located } from "./problem.js";
import type { ManifestSource } from "./read.js";

/** Bytes that are enough for the signature of every format, and for a `#!` line. */
const HEAD_BYTES = 256;
const RUN_BITS = 0o111;

/** The first bytes of ELF, PE and Mach-O (both byte orders, and universal) files, in hexadecimal. */
const SIGNATURES = ["7f454c46", "4d5a", "feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe"];

/** Checks the executables and the extra files. */
export async function checkFiles({ findings, connectors }: ManifestSource, folder: string): Promise<void> {
  const named = new Map<string, string>();
  for (const [index, connector] of connectors.entries()) {
    const name = `connector ${index + 1}`;
    const executable = connector.text("executable");
    if (executable !== undefined) {
      checkTwice(findings, executable, name, named);
      const found = await findFile(findings, executable, folder, `${name}: the executable`);
      if (found !== undefined) await checkExecutable(findings, executable, found, name);
    }
    for (const file of connector.texts("extra_files")) {
      checkTwice(findings, file, name, named);
      await findFile(findings, file, folder, `${name}: the extra file`);
    }
  }
}

function checkTwice(findings: Findings, file: Located<string>, name: string, named: Map<string, string>): void {
  const path = posix.normalize(file.value);
  const other = named.get(path);
  if (other === undefined) named.set(path, name);
  else
    findings.add(
      "file-twice",
      file.start,
      other === name
        ? `${name} names ${quoted(file.value)} twice: Plakar 1.0 refuses the package; name it once`
        : `${other} and ${name} both name ${quoted(file.value)}: Plakar 1.0 refuses the package; give each connector a copy of its own`,
    );
}

interface Found {
  readonly path: string;
  readonly stats: Stats;
}

/** Returns a file that the manifest names, or reports why it cannot be packed. @param subject - Opens the message. */
export async function findFile(
  findings: Findings,
  { value, start }: Located<string>,
  folder: string,
  subject: string,
): Promise<Found | undefined> {
  if (isAbsolute(value) || /^[A-Za-z]:[\\/]/.test(value)) {
    findings.add(
      "file-outside",
      start,
      `${subject} ${quoted(value)} has an absolute path: make it relative to the manifest`,
    );
    return undefined;
  }
  const path = resolve(folder, value);
  if (!path.startsWith(join(resolve(folder), sep))) {
    const outside = `${subject} ${quoted(value)} is outside the folder of the manifest: Plakar packs what is below it only`;
    findings.add("file-outside", start, outside);
    return undefined;
  }
  // On Windows, and for GOOS=windows, hosts add the ending.
  const stats = (await statsOf(path)) ?? (subject.includes("executable") ? await statsOf(`${path}.exe`) : undefined);
  if (stats === undefined) {
    findings.add("file-missing", start, `${subject} ${quoted(value)} does not exist: build it, or correct the path`);
    return undefined;
  }
  if (stats.stats.isFile()) return stats;
  const remedy = stats.stats.isDirectory()
    ? "name its files one by one, a folder arrives empty"
    : "name a regular file";
  findings.add("file-directory", start, `${subject} ${quoted(value)} is not a file: ${remedy}`);
  return undefined;
}

async function statsOf(path: string): Promise<Found | undefined> {
  try {
    return { path, stats: await stat(path) };
  } catch {
    return undefined;
  }
}

async function checkExecutable(
  findings: Findings,
  { value, start }: Located<string>,
  { path, stats }: Found,
  name: string,
): Promise<void> {
  const subject = `${name}: the executable ${quoted(value)}`;
  if (process.platform !== "win32" && !path.endsWith(".exe") && (stats.mode & RUN_BITS) === 0)
    findings.add("run-bit", start, `${subject} has no run bit: chmod +x it`, { kind: "run-bits", path });
  const problem = formatProblem(await headOf(path));
  if (problem !== undefined) findings.add("format", start, `${subject} ${problem}`);
}

async function headOf(path: string): Promise<Buffer> {
  try {
    await using handle = await open(path);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    // Not readable: the run bit alone decides whether hosts can start it.
    return Buffer.from("7f454c46", "hex");
  }
}

/** Returns the reason why systems cannot start a file that begins like this. */
function formatProblem(head: Buffer): string | undefined {
  if (head.length === 0) return "is empty: build it";
  if (SIGNATURES.some((signature) => head.toString("hex").startsWith(signature))) return undefined;
  if (head.subarray(0, 5).toString("hex") === "efbbbf2321") return 'has a byte order mark before "#!": remove it';
  if (!head.toString("latin1").startsWith("#!"))
    return 'is neither a program nor a script: start it with a line such as "#!/usr/bin/env node"';
  const [line = ""] = head.toString("latin1").split("\n");
  if (line.endsWith("\r"))
    return 'has a carriage return in its "#!" line, which becomes part of the name: use line feeds';
  if (!/^#![ \t]*\//.test(line)) return `needs an absolute path after "#!", got ${quoted(line)}`;
  return undefined;
}
