import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import { fileInfoOf } from "@kloset/model";
import { checkEntry } from "./entry-check.js";
import { Tree } from "./tree.js";

describe("Tree", () => {
  it("remembers no files of a directory that the importer yielded, unless it must", () => {
    const before = heldMemory();
    const { signal } = new AbortController();
    const send = (): undefined => undefined;
    const tree = new Tree("/", { signal, remembersFiles: false }, send);
    const sendOne = (type: "directory" | "file", pathname: string): void => {
      void tree.send(checkEntry({ pathname, fileInfo: fileInfoOf({ type }) }, "/"));
    };
    sendOne("directory", "/");
    for (let i = 0; i < 300_000; i++) sendOne("file", `/a file with a long name ${i}`);
    expect(heldMemory() - before).toBeLessThan(3e6);
    for (let i = 0; i < 300_000; i++) sendOne("directory", `/a directory with a long name ${i}`);
    expect(heldMemory() - before).toBeLessThan(20e6);
  });
});

/** Returns the number of bytes in use after garbage collection. */
function heldMemory(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // Array memory is released concurrently with the first collection, and only the second accounts for it.
  collect();
  collect();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
