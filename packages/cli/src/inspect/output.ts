import { masked } from "@kloset/log";
import type { Terminal } from "../terminal.js";

/** Writes a piece of the result, and waits until there is room for the next. */
export async function write(terminal: Terminal, chunk: string | Uint8Array): Promise<void> {
  if (terminal.write !== undefined) await terminal.write(chunk);
  else terminal.out(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
}

/** Writes a line of JSON. A bigint becomes a string. */
export async function writeJson(terminal: Terminal, value: unknown): Promise<void> {
  const text = JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? String(each) : each));
  await write(terminal, `${masked(text)}\n`);
}
