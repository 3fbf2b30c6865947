import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { takeEarlyInput } from "./early-input.js";

/** A named pipe with something in it, opened as the guard opens it, after its writer has gone. */
function pipeWith(content: string, writerStays: boolean): { reader: number; writer: number | undefined } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kloset-connection-"));
  const name = path.join(folder, "fifo");
  execFileSync("mkfifo", [name]);
  const { O_RDONLY, O_NONBLOCK } = fs.constants;
  // Keeps the pipe and what is in it, as the plugin's own fd 0 does until it is opened anew.
  const held = fs.openSync(name, O_RDONLY | O_NONBLOCK);
  const writer = fs.openSync(name, "w");
  fs.writeSync(writer, content);
  if (!writerStays) fs.closeSync(writer);
  const reader = fs.openSync(name, O_RDONLY | O_NONBLOCK);
  fs.closeSync(held);
  fs.rmSync(folder, { recursive: true });
  return { reader, writer: writerStays ? writer : undefined };
}

describe("takeEarlyInput", () => {
  it.each(["", "the last words"])("takes %j of a writer that has gone, and sees that it has", async (words) => {
    const { reader } = pipeWith(words, false);
    const input = new PassThrough();
    expect(
      takeEarlyInput(reader, Buffer.alloc(5), (bytes) => input.push(bytes === null ? null : Buffer.from(bytes))),
    ).toBe(true);
    expect(await text(input)).toBe(words);
    fs.closeSync(reader);
  });

  it.each(["", "the first words"])("takes %j of a writer that is there, and no end", (words) => {
    const { reader, writer } = pipeWith(words, true);
    const taken: (string | null)[] = [];
    const isThere = takeEarlyInput(reader, Buffer.alloc(5), (bytes) =>
      taken.push(bytes === null ? null : String(bytes)),
    );
    expect(isThere).toBe(words !== "");
    expect(taken).not.toContain(null);
    expect(taken.join("")).toBe(words);
    expect(writer).toBeDefined();
    fs.closeSync(reader);
    if (writer !== undefined) fs.closeSync(writer);
  });

  it("reads no further when the descriptor was closed by what it took: another file may have the number", () => {
    const { reader, writer } = pipeWith("one two", true);
    const taken: string[] = [];
    const opened: number[] = [];
    let isClosed = false;
    const take = (bytes: Buffer | null): void => {
      taken.push(String(bytes));
      fs.closeSync(reader);
      isClosed = true;
      while (opened.at(-1) !== reader) opened.push(fs.openSync(fileURLToPath(import.meta.url), "r"));
    };
    expect(takeEarlyInput(reader, Buffer.alloc(4), take, () => isClosed)).toBe(true);
    expect(taken).toEqual(["one "]);
    for (const fd of opened) fs.closeSync(fd);
    if (writer !== undefined) fs.closeSync(writer);
  });
});
