// Draws the pictures of `kloset` for the pages: runs the commands of docs/start.md, then those of the pictures in a
// pseudo-terminal, and writes its screen to docs/casts/*.svg. Also writes docs/snippets/manifest.yaml, the manifest of
// docs/start.md.
//
//   node casts.js             draws them again
//   node casts.js --check     fails if a picture differs from the output of its commands
//
// Needs a build.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import xterm from "@xterm/headless";

const COLUMNS = 104;
/** More than any picture needs: nothing scrolls. */
const ROWS = 60;
/** Sizes in the pictures, in pixels. */
const FONT = 14;
const CHARACTER = 8.4;
const LINE = 20;
const MARGIN = 16;

const LOCATION = "notes://desk -o token=hush-hush";
/** The pictures. A command is shown as it is run; its exit code is not shown. */
const casts = [
  { name: "scan", runs: [{ command: `npx kloset inspect scan src/notes.ts ${LOCATION}`, exitCode: 0 }] },
  {
    name: "check",
    prepare: misspellProtocols,
    runs: [
      { command: "npx kloset check dist/package", exitCode: 1 },
      { command: `npx kloset check dist/package --fix --location ${LOCATION} --rule importer.tree`, exitCode: 0 },
    ],
  },
];
/** Replacements of what differs from run to run. */
const NORMALIZED = [
  [/^(rate +)\S+ B\/s, \d+ records\/s$/, "$1100 B/s, 15 records/s"],
  [/^(seconds +)[\d.]+$/, "$10.20"],
];

const top = fileURLToPath(new URL("../", import.meta.url));
const home = realpathSync(mkdtempSync(join(tmpdir(), "kloset-casts-")));
const project = join(home, "kloset-plugin-notes");
const env = {
  ...process.env,
  TERM: "xterm-256color",
  npm_config_update_notifier: "false",
  npm_config_loglevel: "error",
};

/** Writes a file, or, with --check, notes that it differs. @param text - The text that a reader would compare. */
function keep(file, content, text) {
  if (!process.argv.includes("--check")) writeFileSync(join(top, file), content);
  else if (readFileSync(join(top, file), "utf8") !== content) stale.push({ file, text });
}
const stale = [];

try {
  createProject();
  const manifest = readFileSync(join(project, "dist/package/manifest.yaml"), "utf8");
  keep("docs/snippets/manifest.yaml", manifest, manifest);
  for (const { name, prepare, runs } of casts) {
    prepare?.();
    const rows = [];
    for (const run of runs) rows.push(`$ ${run.command}`, ...(await screenOf(run)));
    keep(`docs/casts/${name}.svg`, svgOf(rows), rows.join("\n"));
  }
  for (const { file, text } of stale) console.error(`${file} is stale. Now:\n\n${text}\n`);
  if (stale.length > 0) {
    console.error("Run `npm run docs:casts` and `npm run docs:embed`, and commit the result.");
    process.exitCode = 1;
  }
} finally {
  rmSync(home, { recursive: true });
}

/** Runs the commands of docs/start.md, on this repository in place of the registry, and without Plakar. */
function createProject() {
  const page = readFileSync(join(top, "docs/start.md"), "utf8");
  const lines = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) => block.trim().split("\n"));
  const commands = lines
    .filter((line) => !line.startsWith("plakar "))
    .map((line) =>
      line
        .replace(/^npm create kloset@latest (\S+) --/, "npx kloset new $1")
        // The reader has saved both files by then.
        .replace(/^npm install$/, `ln -s ../node_modules . && cp '${top}docs/snippets/'notes{,.spec}.ts src`),
    );
  symlinkSync(join(top, "node_modules"), join(home, "node_modules"));
  const { status, stdout, stderr } = spawnSync("bash", ["-exc", commands.join("\n")], { cwd: home, env });
  if (status !== 0) throw new Error(`a command of docs/start.md failed:\n${stdout.toString()}${stderr.toString()}`);
}

function misspellProtocols() {
  const manifest = join(project, "dist/package/manifest.yaml");
  const text = readFileSync(manifest, "utf8");
  const misspelt = text.replace("    protocols:", "    protocol:");
  if (misspelt === text) throw new Error(`no protocols to misspell in:\n${text}`);
  writeFileSync(manifest, misspelt);
}

/** Runs a command in a pseudo-terminal, and returns the rows of its screen. */
async function screenOf({ command, exitCode }) {
  // `script` of util-linux has the pseudo-terminal, and prints what the command wrote to it.
  const inTerminal = `stty cols ${COLUMNS} rows ${ROWS}; ${command}; echo "exit code $?"`;
  const output = execFileSync("script", ["-qec", inTerminal, "/dev/null"], {
    cwd: project,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  await new Promise((resolve) => terminal.write(output.toString().replaceAll(home, "~"), resolve));
  const { active } = terminal.buffer;
  if (active.length > ROWS) throw new Error(`${command}: the output has more than ${ROWS} lines`);
  const rows = Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? "");
  while (rows.at(-1) === "") rows.pop();
  const last = rows.pop();
  if (last !== `exit code ${exitCode}`)
    throw new Error(`${command}: expected exit code ${exitCode}\n${rows.join("\n")}\n${last}`);
  return rows.map((row) =>
    NORMALIZED.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), row),
  );
}

/** Draws rows as text, so that a change of one is a small difference. */
function svgOf(rows) {
  const width = Math.ceil(COLUMNS * CHARACTER) + 2 * MARGIN;
  const height = rows.length * LINE + 2 * MARGIN;
  const lines = rows.map((row, index) => {
    if (row === "") return "";
    const color = row.startsWith("$ ") ? ' fill="#9ecbff"' : "";
    const escaped = row.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    // The font of the reader may be wider or narrower.
    const length = (row.length * CHARACTER).toFixed(1);
    return `  <text x="${MARGIN}" y="${MARGIN + index * LINE + FONT}" textLength="${length}"${color}>${escaped}</text>\n`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"
    font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="${FONT}" fill="#e1e4e8"
    xml:space="preserve">
  <style>text { white-space: pre; }</style>
  <rect width="${width}" height="${height}" rx="8" fill="#24292e"/>
${lines.join("")}</svg>
`;
}
