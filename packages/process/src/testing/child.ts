import { execFileSync, spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import type { Duplex, Readable } from "node:stream";
import { joinDuplex } from "../duplex.js";
import { bundled, GrpcClient } from "@kloset/test-support";

/** The transport between the test and a child. */
export type Connection = "pipes" | "socket" | "two sockets";

/** The exit status of a child. */
interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running fixture, and the test's ends of its descriptors. */
export interface Child {
  readonly process: ChildProcess;
  readonly duplex: Duplex;
  readonly client: GrpcClient;
  /** The test's end of the child's input. */
  readonly input: Duplex;
  /** Returns everything the child has written to stderr so far. */
  readonly stderr: () => string;
  /** Resolves when stderr contains the text. */
  readonly says: (text: string) => Promise<void>;
  readonly exit: Promise<Exit>;
}

/** Options of {@link start}. */
export interface StartOptions {
  readonly connection?: Connection;
  readonly fixture?: string;
  /** The fixture's options. */
  readonly options?: object;
  readonly env?: NodeJS.ProcessEnv;
  /** A descriptor for stderr, instead of a pipe. */
  readonly stderr?: number;
  /** A descriptor for fd 1, if it is not the connection. */
  readonly stdout?: number;
}

/** Returns the path of a fixture. */
export function fixturePath(name: string): string {
  return bundled(new URL(`../../fixtures/${name}`, import.meta.url));
}

/** Starts a fixture as a host would. */
export function start(options: StartOptions = {}): Child {
  const { connection = "pipes", fixture = "plugin.js", env } = options;
  const args = [fixturePath(fixture), JSON.stringify(options.options ?? {})];
  const run = (command: string, parameters: string[], stdio: StdioOptions): ChildProcess =>
    spawn(command, parameters, { stdio, env: { ...process.env, ...env } });
  const stderr = options.stderr ?? "pipe";
  switch (connection) {
    case "pipes": {
      const [childInput, ownOutput] = fifo();
      const [ownInput, childOutput] = fifo();
      const child = run(process.execPath, args, [childInput, childOutput, stderr]);
      fs.closeSync(childInput);
      fs.closeSync(childOutput);
      const input = new net.Socket({ fd: ownOutput, readable: false, writable: true });
      return watch(child, new net.Socket({ fd: ownInput, readable: true, writable: false }), input);
    }
    case "socket": {
      const shell = ["-c", 'exec "$0" "$@" 0<&3 3<&-', process.execPath, ...args];
      const child = run("sh", shell, ["ignore", options.stdout ?? "ignore", stderr, "pipe"]);
      const socket = child.stdio[3] as net.Socket;
      return watch(child, socket, socket);
    }
    case "two sockets": {
      const child = run(process.execPath, args, ["pipe", "pipe", stderr]);
      return watch(child, child.stdout as Readable, child.stdin as Duplex);
    }
  }
}

/** Creates a real pipe, which Node's API cannot, and returns its read and write ends. */
function fifo(): [number, number] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kloset-connection-"));
  const name = path.join(folder, "fifo");
  execFileSync("mkfifo", [name]);
  // Opened for reading and writing first, so that neither end blocks.
  const both = fs.openSync(name, "r+");
  const ends: [number, number] = [fs.openSync(name, "r"), fs.openSync(name, "w")];
  fs.closeSync(both);
  fs.rmSync(folder, { recursive: true });
  return ends;
}

function watch(child: ChildProcess, output: Readable, input: Duplex): Child {
  let text = "";
  const waiting = new Set<() => void>();
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    for (const look of waiting) look();
  });
  const says = (wanted: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!text.includes(wanted)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const exit = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => {
      resolve({ code, signal });
    });
  });
  input.on("error", () => undefined);
  const duplex = joinDuplex(output, input);
  duplex.on("error", () => undefined);
  return { process: child, duplex, client: new GrpcClient(duplex), input, stderr: () => text, says, exit };
}
