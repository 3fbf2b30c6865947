import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { finish } from "./finish.js";
import type { RpcCall, RpcInput } from "./input.js";
import { OutputCheck } from "./output-check.js";
import { copyingPair } from "./pair.js";
import type { Target } from "./target.js";
import { Tracker } from "./tracker.js";
import { settlesWithin } from "./watchdog.js";

/** Makes calls to a plugin and checks that each ends with a valid status and, if it failed, with a message. */
export async function executeRpc(input: RpcInput, target: Target, watchdogMs: number): Promise<string[]> {
  const tracker = new Tracker();
  const output = new OutputCheck();
  const [near, far] = copyingPair({
    toFar: (chunk) => {
      output.push(chunk);
    },
  });
  near.on("error", () => undefined);
  const running = target(near, input.author, tracker);
  // Registered before connect(): Node before 20.19.3 keeps a session whose wire ends during a write (nodejs/node#55966).
  far.once("close", () => {
    session.destroy();
  });
  const session = connect("http://127.0.0.1:0", { createConnection: () => far });
  session.on("error", () => undefined);
  const faults: string[] = [];
  try {
    let concurrent: Promise<unknown>[] = [];
    for (const call of input.calls) {
      if (!call.concurrent) concurrent = [];
      concurrent.push(
        answer(session, call, input.userAgent).then((fault) => fault !== undefined && faults.push(fault)),
      );
      const next = input.calls[input.calls.indexOf(call) + 1];
      if (next?.concurrent === true) continue;
      if (await settlesWithin(Promise.all(concurrent), watchdogMs)) continue;
      faults.push(`hang: ${call.path} is not answered`);
      break;
    }
  } finally {
    // Hosts disconnect by ending the plugin's input, without a GOAWAY.
    far.destroy();
    near.push(null);
  }
  faults.push(...(await finish(running, tracker, watchdogMs)));
  return [...output.faults(false), ...faults];
}

/** Makes a call and reads its answer. @returns The fault in its status, if any. */
function answer(session: ClientHttp2Session, { path, body }: RpcCall, userAgent: string): Promise<string | undefined> {
  if (session.destroyed || session.closed) return Promise.resolve(`status: ${path}: the connection has ended`);
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": userAgent,
  });
  stream.on("error", () => undefined);
  let status: string | undefined;
  let message = "";
  let ended = false;
  let finish: () => void;
  const over = new Promise<void>((resolve) => (finish = resolve));
  const look = (headers: IncomingHttpHeaders): void => {
    const { "grpc-status": code, "grpc-message": text } = headers;
    if (code !== undefined) [status, message] = [String(code), String(text ?? "")];
    if (ended && status !== undefined) finish();
  };
  stream.on("response", look).on("trailers", look);
  stream.once("close", () => {
    finish();
  });
  // The end of the answer ends the call. Before Node 26, "close" is not emitted if the plugin ends its answer and refuses
  // the rest of the request (RST_STREAM, NO_ERROR) while a write of the request is pending.
  stream.once("end", () => {
    ended = true;
    if (status !== undefined) finish();
  });
  stream.resume();
  for (const bytes of body) stream.write(bytes);
  stream.end();
  return over.then(() => {
    if (status === undefined) return `status: ${path} ended without a status (HTTP/2 error ${stream.rstCode})`;
    if (!/^(?:[0-9]|1[0-6])$/.test(status)) return `status: ${path} ended with the status ${JSON.stringify(status)}`;
    if (status !== "0" && message === "") return `status: ${path} failed with status ${status} and no message`;
    return undefined;
  });
}
