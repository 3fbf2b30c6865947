import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startImporter } from "@kloset/host";

const plugin = fileURLToPath(new URL("../dist/plugin.js", import.meta.url));
const AT_ONCE = 2;

/**
 * Starts and ends importers, with a complete scan in each.
 *
 * @throws Error if an importer does not exit with 0, or if the host has more open
 * file descriptors or child processes afterwards.
 */
export async function startAndEnd(starts: number): Promise<void> {
  // The first start may open descriptors that stay open, which is not a leak.
  await startOne();
  const before = await descriptors();
  // This process may have other children.
  const others = new Set(await children());
  let left = starts;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await startOne();
    }),
  );
  const after = await descriptors();
  if (after > before) throw new Error(`${after} file descriptors are open, before the starts ${before}`);
  const orphans = (await children()).filter((pid) => !others.has(pid));
  if (orphans.length > 0) throw new Error(`processes are still running: ${orphans.join(", ")}`);
}

async function startOne(): Promise<void> {
  const { client, stop } = await startImporter({
    executable: process.execPath,
    args: [plugin],
    generation: "v1.1",
    location: "scale://there",
    config: { records: "3", bytes: "1" },
  });
  const scan = client.scan();
  for await (const record of scan) await scan.acknowledge(record);
  await scan.finish();
  await client.close();
  const { code, signal } = await stop();
  if (code !== 0) throw new Error(`an importer exited with ${signal ?? `code ${String(code)}`}`);
}

async function descriptors(): Promise<number> {
  return (await readdir("/proc/self/fd")).length;
}

/** Returns the ids of child processes, including zombies. */
async function children(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(
    pids.map(async (pid) => {
      try {
        // "pid (name) state parent": the name may hold anything.
        const stat = await readFile(`/proc/${pid}/stat`, "utf8");
        return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === String(process.pid) ? [pid] : [];
      } catch {
        return [];
      }
    }),
  );
  return parents.flat();
}
