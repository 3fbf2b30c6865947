// Runs gRPC's own interop suite: grpc-go's client against a TestService that the project's generator has generated and
// both servers serve, over loopback. Every case must pass; CONTRIBUTING.md says why custom_metadata is left out.
// Skipped without Go, unless CI or KLOSET_REQUIRE_GO is set.
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { compileCode, generateCode } from "./generate-code.js";
import { goEnvironment, hasGoFor } from "./go.js";

const CASES = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "unimplemented_method",
  "unimplemented_service",
];

/** The longest time that a case takes, in milliseconds; on a busy machine. */
const TIMEOUT = 120_000;

const run = promisify(execFile);
const top = fileURLToPath(new URL("..", import.meta.url));
const protos = fileURLToPath(new URL("grpc-interop/protos", import.meta.url));
// Its version and those of its dependencies are pinned in scripts/grpc-interop/go.mod.
const client = join(top, "node_modules/.cache/grpc-interop/client");

async function main() {
  const build = ["build", "-o", client, "google.golang.org/grpc/interop/client"];
  execFileSync("go", build, { cwd: join(top, "scripts/grpc-interop"), env: goEnvironment, stdio: "inherit" });
  const code = mkdtempSync(join(tmpdir(), "kloset-grpc-interop-"));
  try {
    generateCode(protos, code);
    compileCode(code);
    let hasPassed = true;
    for (const [name, connect] of Object.entries(await servers(code))) {
      if (!(await passes(name, connect))) hasPassed = false;
    }
    return hasPassed ? 0 : 1;
  } finally {
    rmSync(code, { recursive: true });
  }
}

/** Returns a function for each server that serves a socket with an implementation of TestService. */
async function servers(code) {
  const load = (path) => import(pathToFileURL(join(code, "dist/grpc/testing", path)).href);
  const [{ serveFramed }, { serveWithConnect, servedBy }, { testServiceTable }, { TestService }] = await Promise.all([
    import("@kloset/server"),
    import("@kloset/connect-server"),
    load("test_table.js"),
    load("test_pb.js"),
  ]).catch((error) => {
    throw new Error("the servers are not built: npm run build", { cause: error });
  });
  return {
    framed: (socket, implementation, onError) =>
      serveFramed(socket, { services: [{ service: testServiceTable, implementation }], onError }),
    connect: (socket, implementation, onError) =>
      serveWithConnect(socket, { services: [servedBy(TestService, implementation)], onError }),
  };
}

/** Runs all cases against a server, prints those that fail, and returns true if none does. */
async function passes(name, connect) {
  let passed = 0;
  for (const testCase of CASES) {
    try {
      await runCase(testCase, connect);
      passed += 1;
    } catch (error) {
      console.error(`${name}: ${testCase}: failed\n${error.message}`);
    }
  }
  console.log(`gRPC interop, ${name} server: ${passed} of ${CASES.length} cases pass`);
  return passed === CASES.length;
}

/** Runs one case. The client must exit with code 0, and every call and connection must end on the server, too. */
async function runCase(testCase, connect) {
  const { testService } = await import("./grpc-interop/test-service.js");
  const { implementation, running } = testService();
  const errors = [];
  const connections = [];
  const server = createServer({ noDelay: true }, (socket) => {
    connections.push(connect(socket, implementation, (error) => errors.push(error)).closed);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address();
    const args = ["--server_host", "127.0.0.1", "--server_port", String(port), "--test_case", testCase];
    await run(client, args, { timeout: TIMEOUT });
    await Promise.race([Promise.all(connections), setTimeout(TIMEOUT, undefined, { ref: false }).then(notClosed)]);
    // Calls that the client has cancelled end after the connection, in a few turns.
    for (let turns = 0; running() > 0 && turns < 1000; turns++) await setImmediate();
  } finally {
    server.close();
  }
  if (connections.length === 0) throw new Error("the client has not connected");
  if (running() > 0) errors.push(new Error(`${running()} calls have not ended`));
  if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join("\n"));
}

function notClosed() {
  throw new Error(`the client has ended, but its connection is still open after ${TIMEOUT} ms`);
}

// At the end: the constants must be initialized first.
if (hasGoFor("gRPC's interop suite")) process.exitCode = await main();
