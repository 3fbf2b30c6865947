import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { takeEarlyInput } from "./early-input.js";

/** Opens a named pipe with content as the guard does, after its writer has closed it unless `writerStays`. */
function pipeWith(content: string, writerStays: boolean): { reader: number; writer: number | undefined } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kloset-connection-"));
  const name = path.join(folder, "fifo");
  execFileSync("mkfifo", [name]);
  const { O_RDONLY, O_NONBLOCK } = fs.constants;
  // Keeps the pipe and its content alive, as the plugin's fd 0 does until it is reopened.
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
  it.each(["", "the last words"])("reads %j and the end of the input from a writer that is gone", async (words) => {
    const { reader } = pipeWith(words, false);
    const input = new PassThrough();
    expect(
      takeEarlyInput(reader, Buffer.alloc(5), (bytes) => input.push(bytes === null ? null : Buffer.from(bytes))),
    ).toBe(true);
    expect(await text(input)).toBe(words);
    fs.closeSync(reader);
  });

  it.each(["", "the first words"])("reads %j but no end from a writer that is still there", (words) => {
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

  it("stops reading when the sink has closed the descriptor, whose number may be in use again", () => {
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
