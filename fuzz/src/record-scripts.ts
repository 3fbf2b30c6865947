import { connect, type ClientHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import { record, type Capture } from "./capture.js";
import { envelope, requestHeaders } from "./http2.js";
import type { Script, ScriptedCall } from "./script.js";
import { quiet } from "./watchdog.js";

/** Records hosts that make the calls of the scripts. */
export async function recordScripts(scripts: readonly Script[]): Promise<Capture[]> {
  const captures: Capture[] = [];
  for (const script of scripts) captures.push(await record(script.name, (transport) => play(transport, script)));
  return captures;
}

async function play(transport: Duplex, { generation, calls }: Script): Promise<void> {
  const session = connect("http://127.0.0.1:0", { createConnection: () => transport });
  session.on("error", () => undefined);
  for (const call of calls) await make(session, call, generation.userAgent);
}

/** Makes a call and returns when no more output arrives: Import ends only after many other calls. */
async function make(
  session: ClientHttp2Session,
  { path, messages, end }: ScriptedCall,
  userAgent: string,
): Promise<void> {
  const stream = session.request(Object.fromEntries(requestHeaders(path, userAgent)));
  let seen = 0;
  stream.on("error", () => undefined);
  stream.on("data", () => seen++);
  stream.on("close", () => seen++);
  for (const message of messages) stream.write(envelope(message));
  if (end === "half-close") stream.end();
  await quiet(() => seen);
  if (end === "reset") stream.close(8);
}
