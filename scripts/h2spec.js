// Runs h2spec, the conformance suite of HTTP/2, against the framed server over loopback.
// Every case must pass except those in h2spec/known-exceptions.json; an exception that
// passes also fails the run. Skipped without Go, unless CI or KLOSET_REQUIRE_GO is set.
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

/** The longest wait of a case, in seconds; on a busy machine. */
const TIMEOUT = 20;

/** A pause after which h2spec waits for an answer, in milliseconds; pauses between two frames are shorter. */
const QUIET = 200;

const top = fileURLToPath(new URL("..", import.meta.url));
// Its version and those of its dependencies are pinned in scripts/h2spec/go.mod.
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
 * Starts the real server, with a new connection for each case. It has no services: h2spec
 * sends GET requests, with or without content, and the gRPC answer (status 405 with a text)
 * has header blocks, data and an end, as the cases need them.
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
 * A socket with two differences:
 *
 * It ends like a pair of pipes: everything sent arrives before the end. A TCP connection
 * that is closed with unread input is reset instead, which h2spec reports as another error.
 *
 * Frames of an unfinished request are held until the following frames arrive. The server
 * refuses such a request as soon as it has its headers, but many cases test what follows on
 * a stream that is still open.
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

/** Returns true if the bytes end within a request or within a frame. */
function isInRequest(bytes) {
  const PREFACE = "PRI * HTTP/2.0";
  let at = bytes.toString("latin1", 0, PREFACE.length) === PREFACE ? 24 : 0;
  let isOpen = false;
  while (at + 9 <= bytes.length) {
    const [type, flags] = [bytes[at + 3], bytes[at + 4]];
    // DATA and HEADERS carry END_STREAM; RST_STREAM also ends a request.
    if (type === 0 || type === 1) isOpen = (flags & 1) === 0;
    else if (type === 3) isOpen = false;
    at += 9 + bytes.readUIntBE(at, 3);
  }
  return isOpen || at !== bytes.length;
}

/** Runs all cases, including the strict ones. */
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
    // Exit code 1: cases failed.
    if (status !== 0 && status !== 1) throw new Error(`h2spec ended with ${signal ?? `code ${status}`}:\n${output}`);
    return readReport(readFileSync(report, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// At the end: the class must be initialized first.
if (hasGoFor("h2spec")) process.exitCode = await main();
