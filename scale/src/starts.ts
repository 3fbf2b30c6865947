import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startImporter } from "@kloset/host";

const plugin = fileURLToPath(new URL("../dist/plugin.js", import.meta.url));
const AT_ONCE = 2;

/**
 * Starts and ends importers, a whole scan in each.
 *
 * @throws Error when one does not end well, or when afterwards the host has more
 * descriptors open, or children, than before.
 */
export async function startAndEnd(starts: number): Promise<void> {
  // What the first start opens and keeps is not a leak of each.
  await startOne();
  const before = await descriptors();
  // Whose program this is may have other children.
  const others = new Set(await children());
  let left = starts;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await startOne();
    }),
  );
  const after = await descriptors();
  if (after > before) throw new Error(`${after} descriptors are open, before there were ${before}`);
  const orphans = (await children()).filter((pid) => !others.has(pid));
  if (orphans.length > 0) throw new Error(`still there: processes ${orphans.join(", ")}`);
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
  if (code !== 0) throw new Error(`an importer ended with ${signal ?? `code ${String(code)}`}`);
}

async function descriptors(): Promise<number> {
  return (await readdir("/proc/self/fd")).length;
}

/** Children that run, and those that have ended and were never asked for. */
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
