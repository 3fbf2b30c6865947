// Measures plugins/fs with growing numbers of small files: `node scripts/scale-files.js [COUNT ...]`. Needs the plugin's
// bundle and the host that `npm run bench:smoke` builds. Files are kept in TMPDIR (best: a tmpfs) and removed.
import { Buffer } from "node:buffer";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { fileURLToPath } from "node:url";

const DEFAULT_COUNTS = [10_000, 100_000, 1_000_000];
const CALLS = 8;
const FILE_BYTES = 1024;
const PACKFILE_BYTES = 1024 ** 2;
const PER_FOLDER = 100;
const POLL_MS = 200;
const LIMIT = "1h";

const client = fileURLToPath(new URL("../bench/dist/go/bench", import.meta.url));
const plugin = (connector) => fileURLToPath(new URL(`../plugins/fs/dist/tsfs-${connector}.cjs`, import.meta.url));

function plant(folder, count) {
  const content = Buffer.alloc(FILE_BYTES, "a");
  for (let first = 0; first < count; first += PER_FOLDER) {
    const parent = join(folder, String(Math.floor(first / PER_FOLDER ** 2)), String((first / PER_FOLDER) % PER_FOLDER));
    mkdirSync(parent, { recursive: true });
    for (let n = first; n < Math.min(count, first + PER_FOLDER); n++) {
      content.writeUInt32LE(n, 0);
      writeFileSync(join(parent, `file-${n}`), content);
    }
  }
}

/** Returns the largest resident set of a running process so far, or 0 after its end. */
function peakOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function drive(work, connector, count, size, folder) {
  const location = `location=tsfs://${work === "tree" ? folder : ""}`;
  const job = ["-work", work, "-count", count, "-size", size, "-calls", CALLS, "-limit", LIMIT];
  job.push("-folder", folder, "-config", location);
  return new Promise((resolve, reject) => {
    let hostBytes = 0;
    const child = execFile(client, [...job.map(String), process.execPath, plugin(connector)], (error, stdout) => {
      clearInterval(timer);
      if (error) reject(error);
      else resolve({ ...JSON.parse(stdout), hostBytes });
    });
    const timer = setInterval(() => {
      hostBytes = Math.max(hostBytes, peakOf(child.pid));
    }, POLL_MS);
  });
}

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : DEFAULT_COUNTS;
if (!counts.every((count) => Number.isInteger(count) && count > 0)) {
  throw new Error(`expected numbers of files above 0, got ${process.argv.slice(2).join(" ")}`);
}
process.stdout.write(
  "| work | count | µs each | CPU µs each | plugin MB | host MB |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
);
for (const count of counts) {
  for (const [title, work, connector, size] of [
    ["backup", "tree", "importer", FILE_BYTES],
    ["restore", "restore", "exporter", FILE_BYTES],
    ["storage, put", "put", "storage", FILE_BYTES],
    ["storage, ranges", "ranges", "storage", PACKFILE_BYTES],
  ]) {
    const folder = mkdtempSync(join(tmpdir(), "kloset-scale-"));
    try {
      if (work === "tree") plant(folder, count);
      const { seconds, cpuSeconds, peakBytes, hostBytes } = await drive(work, connector, count, size, folder);
      const micros = [seconds, cpuSeconds].map((value) => ((value / count) * 1e6).toFixed(0));
      const megabytes = [peakBytes, hostBytes].map((value) => (value / 1e6).toFixed(0));
      process.stdout.write(`| ${[title, count, ...micros, ...megabytes].join(" | ")} |\n`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
