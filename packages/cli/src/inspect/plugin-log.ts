import { Writable } from "node:stream";
import { masked, nodeErrorShortener } from "@kloset/log";
import type { Terminal } from "../terminal.js";
import { shown } from "./shown.js";

/** A longer line is written in pieces. */
const MAX_LINE = 64 * 1024;

/**
 * Creates a stream that writes the log of a plugin to standard error line by line, with secrets masked. The line of code
 * above an uncaught error is shortened.
 */
export function pluginLog({ error, isTerminal }: Pick<Terminal, "error" | "isTerminal">): Writable {
  const decoder = new TextDecoder();
  const shortened = nodeErrorShortener();
  let rest = "";
  const flush = (length: number): void => {
    if (length === 0) return;
    // Masked first: the cut could leave a part of a secret.
    const lines = shortened(masked(rest.slice(0, length)));
    error(isTerminal ? lines.split("\n").map(shown).join("\n") : lines);
    rest = rest.slice(length);
  };
  return new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      rest += decoder.decode(chunk, { stream: true });
      flush(rest.lastIndexOf("\n") + 1);
      if (rest.length > MAX_LINE) flush(rest.length);
      done();
    },
    final(done) {
      if (rest !== "") rest += "\n";
      flush(rest.length);
      done();
    },
  });
}
