// Holds the framed server to h2spec, the conformance suite of HTTP/2, on
// connections of its own over loopback. Every case has to pass, but for those in
// h2spec/known-exceptions.json; one of those that passes fails the run, too.
// Without Go it is left out, unless CI or KLOSET_REQUIRE_GO asks for it.
import { Buffer } from "node:buffer";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { clearTimeout, setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import { goEnvironment, hasGoFor } from "./go.js";
import { judge, readReport } from "./h2spec/report.js";

/** How long a case may wait, in seconds; on a machine with much else to do. */
const TIMEOUT = 20;

/** How long h2spec sends nothing when it waits for an answer, in milliseconds; between two frames it is not as long. */
const QUIET = 200;

const top = fileURLToPath(new URL("..", import.meta.url));
// Its version and those of all that it is built of are in its go.mod.
const command = join(top, "node_modules/.cache/h2spec/h2spec");
const exceptions = JSON.parse(readFileSync(new URL("h2spec/known-exceptions.json", import.meta.url), "utf8"));
async function main() {
  const build = ["build", "-o", command, "github.com/summerwind/h2spec/cmd/h2spec"];
  execFileSync("go", build, { cwd: join(top, "scripts/h2spec"), env: goEnvironment, stdio: "inherit" });
  const server = await listen();
  try {
    const { problems, line } = judge(await casesOf(server.address().port), exceptions);
    for (const problem of problems) console.error(problem);
    console.log(line);
    return problems.length === 0 ? 0 : 1;
  } finally {
    server.close();
  }
}

/**
 * The real server, on a new connection for each case. It serves nothing: h2spec
 * says GET, with or without content, and what gRPC answers to that (status 405,
 * with a text) has header blocks, data and an end, as the cases need them.
 */
async function listen() {
  const { serveFramed } = await import("@kloset/server").catch((error) => {
    throw new Error("packages/server is not built: npm run build", { cause: error });
  });
  const server = createServer({ noDelay: true }, (socket) => {
    serveFramed(new LikePipes(socket), { services: [] });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/**
 * A socket, but for two things:
 *
 * It ends as two pipes do: what was sent arrives, and then the end. A TCP
 * connection that is closed with something unread is reset instead, and h2spec
 * takes that for another error than a connection that was closed.
 *
 * Frames of a request that has not ended arrive together with what follows them.
 * They are refused as soon as their headers have come, and many cases are about
 * what comes behind on a stream that is still open.
 */
class LikePipes extends Duplex {
  #socket;
  #held = Buffer.alloc(0);
  #timer;
  #isClosed = false;

  constructor(socket) {
    super();
    this.#socket = socket;
    socket.on("data", (chunk) => {
      clearTimeout(this.#timer);
      this.#held = Buffer.concat([this.#held, chunk]);
      if (isInRequest(this.#held)) this.#timer = setTimeout(() => this.#deliver(), QUIET);
      else this.#deliver();
    });
    socket.on("end", () => {
      this.#deliver();
      if (!this.#isClosed) this.push(null);
    });
    socket.on("error", () => this.destroy());
    socket.on("close", () => this.destroy());
  }

  #deliver() {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    if (!this.#isClosed && held.length > 0 && !this.push(held)) this.#socket.pause();
  }

  _read() {
    this.#socket.resume();
  }

  _write(chunk, _encoding, callback) {
    this.#socket.write(chunk, callback);
  }

  _destroy(_error, callback) {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket.end();
    this.#socket.resume();
    callback();
  }
}

/** Whether these frames end within a request, or within a frame. */
function isInRequest(bytes) {
  const PREFACE = "PRI * HTTP/2.0";
  let at = bytes.toString("latin1", 0, PREFACE.length) === PREFACE ? 24 : 0;
  let isOpen = false;
  while (at + 9 <= bytes.length) {
    const [type, flags] = [bytes[at + 3], bytes[at + 4]];
    // DATA and HEADERS have END_STREAM; RST_STREAM ends a request, too.
    if (type === 0 || type === 1) isOpen = (flags & 1) === 0;
    else if (type === 3) isOpen = false;
    at += 9 + bytes.readUIntBE(at, 3);
  }
  return isOpen || at !== bytes.length;
}

/** Runs all cases, the strict ones too. */
async function casesOf(port) {
  const folder = mkdtempSync(join(tmpdir(), "kloset-h2spec-"));
  try {
    const report = join(folder, "report.xml");
    const args = [
      "--strict",
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--timeout",
      String(TIMEOUT),
      "--junit-report",
      report,
    ];
    const h2spec = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    h2spec.stdout.on("data", (chunk) => (output += chunk));
    const [status, signal] = await once(h2spec, "close");
    // 1 when cases fail.
    if (status !== 0 && status !== 1) throw new Error(`h2spec ended with ${signal ?? `code ${status}`}:\n${output}`);
    return readReport(readFileSync(report, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// At the end: classes are not hoisted.
if (hasGoFor("h2spec")) process.exitCode = await main();
