import { execFileSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { pluginFolder } from "../round-trip.js";

/** Only root can make files with other owners, and read files without permissions. */
export const isRoot = process.getuid?.() === 0;

const MiB = 1024 * 1024;

/** Sizes around those of chunks, messages and packfiles. */
export const sizes = [0, 1, 65_535, 65_536, 65_537, MiB - 1, MiB, MiB + 1, 3 * MiB, 8 * MiB, 24 * MiB, 24 * MiB + 1];

const names = [
  "with space",
  " leading and trailing ",
  "new\nline",
  'quo"te',
  "apos'trophe",
  "back\\slash",
  "ünïcödé",
  "e\u0301 decomposed",
  "日本語",
  "emoji😀",
  "-dash",
  "*star?",
  "tab\there",
  "$(x)",
  "%25",
  ".hidden",
  "...",
  "control\u0001\u007f",
  "a".repeat(250),
  "é".repeat(125),
];

const fileModes = [0o4755, 0o2755, 0o1777, 0o6711, 0o7777, 0o444, 0o400, 0o777, 0o200, 0o000];
const directoryModes = [0o2755, 0o1777, 0o6755, 0o7777, 0o555, 0o500, 0o400, 0o300, 0o000];

/** Seconds. The last one has digits that a double cannot represent exactly. */
const times = [
  "-2147483648",
  "-1.5",
  "-0.123456",
  "0",
  "0.000001",
  "1600000000.123456",
  "2147483648.999999",
  "4102444800",
  "1700000000.1234567",
];

/** Values of extended attributes, by path and name. */
export const extendedAttributes: readonly (readonly [path: string, name: string, value: Buffer])[] = [
  ["xattr/file", "user.color", Buffer.from("red")],
  ["xattr/file", "user.empty", Buffer.alloc(0)],
  ["xattr/file", "user.binary", pseudoRandom(2048)],
  ["xattr/file", "user.ünïcode", Buffer.from("ü")],
  ["xattr/empty file", "user.only", Buffer.from("attribute")],
  ["xattr/read-only", "user.read-only", Buffer.from([0])],
  ["xattr/linked", "user.linked", Buffer.from("both names")],
  ["xattr/directory", "user.directory", Buffer.from("of a directory")],
  ["xattr/read-only directory", "user.read-only", Buffer.from("of a read-only directory")],
  [".", "user.top", Buffer.from("of the top")],
];

/** Entries that some or all hosts do not restore. */
export const fifos = ["fifo", "links/fifo 2"];
export const socket = "socket";

/**
 * Makes a tree with every feature of a file system that a backup could get wrong.
 *
 * @param root - The folder to make.
 * @returns A server whose socket is in the tree until it is closed.
 */
export async function makeTree(root: string): Promise<Server> {
  const at = (path: string): string => join(root, path);
  mkdirSync(root);
  for (const size of sizes) writeTo(at(`sizes/${size}`), pseudoRandom(size), 0o644);
  writeTo(at("sparse"), Buffer.from("begin"), 0o644);
  truncateSync(at("sparse"), 5_000_000);
  makeNames(at("names"));
  makeDeep(at("deep"));
  makeLinks(at("links"));
  makeHardLinks(at("hard"));
  makeAttributes(root);
  if (isRoot) makeOwners(at("owners"));
  for (const fifo of fifos) makeFifo(at(fifo), 0o640);
  const server = await listen(at(socket));
  makeModes(at("modes"));
  makeTimes(at("times"));
  setTime(root, "1400000000.000001");
  return server;
}

/** Makes a file and its parents. */
export function writeTo(path: string, data: Uint8Array | string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, data);
  chmodSync(path, mode);
}

/** Makes bytes without a pattern, which are the same in every run. */
export function pseudoRandom(size: number): Buffer {
  return createCipheriv("aes-128-ctr", "a key of 16 byte", Buffer.alloc(16, size % 251)).update(Buffer.alloc(size));
}

function makeNames(root: string): void {
  for (const name of names) {
    writeTo(join(root, "files", name), name, 0o644);
    writeTo(join(root, "directories", name, name), name, 0o644);
  }
}

function makeDeep(root: string): void {
  let path = root;
  for (let level = 1; level <= 40; level++) {
    path = join(path, `level ${level}`);
    writeTo(join(path, "file"), String(level), 0o644);
  }
}

function makeLinks(root: string): void {
  writeTo(join(root, "directory/file"), "target", 0o644);
  const links = {
    relative: "directory/file",
    directory2: "directory",
    up: "..",
    absolute: "/etc/passwd",
    dangling: "/nonexistent/x",
    loop: "loop",
    one: "other",
    other: "one",
    "odd\nname": "odd\ntarget ü",
    long: "x".repeat(250),
    "very long": `${"y".repeat(200)}/`.repeat(10),
  };
  for (const [name, target] of Object.entries(links)) {
    symlinkSync(target, join(root, name));
    lutimesSync(join(root, name), "1500000000.987654", "1500000000.987654");
  }
  if (isRoot) lchownSync(join(root, "dangling"), 1234, 5678);
}

function makeHardLinks(root: string): void {
  writeTo(join(root, "a/first"), "linked", 0o644);
  writeTo(join(root, "large"), pseudoRandom(2_000_000), 0o644);
  writeTo(join(root, "empty"), "", 0o644);
  writeTo(join(root, "set-id and read-only"), "linked", 0o4555);
  // Equal content, but a separate file.
  writeTo(join(root, "a/same content"), "linked", 0o644);
  mkdirSync(join(root, "b"));
  linkSync(join(root, "a/first"), join(root, "a/second"));
  linkSync(join(root, "a/first"), join(root, "b/third"));
  linkSync(join(root, "large"), join(root, "b/large"));
  linkSync(join(root, "empty"), join(root, "b/empty"));
  linkSync(join(root, "set-id and read-only"), join(root, "b/set-id"));
}

function makeModes(root: string): void {
  for (const mode of fileModes) {
    if (!isRoot && (mode & 0o400) === 0) continue;
    writeTo(join(root, `file ${mode.toString(8)}`), `mode ${mode.toString(8)}`, mode);
  }
  for (const mode of directoryModes) {
    if (!isRoot && (mode & 0o500) !== 0o500) continue;
    const path = join(root, `directory ${mode.toString(8)}`);
    writeTo(join(path, "inside"), "inside", 0o644);
    chmodSync(path, mode);
  }
}

function makeTimes(root: string): void {
  for (const time of times) {
    const file = join(root, `file ${time}`);
    const directory = join(root, `directory ${time}`);
    writeTo(file, time, 0o644);
    writeTo(join(directory, "file"), time, 0o644);
    setTime(file, time);
    setTime(directory, time);
  }
  mkdirSync(join(root, "empty directory"));
  setTime(root, "1000000000");
}

function makeOwners(root: string): void {
  const owners = [
    [1000, 1000],
    [65534, 65534],
    [0, 33],
    [4_000_000_000, 3_000_000_000],
  ] as const;
  for (const [uid, gid] of owners) {
    const path = join(root, `${uid} ${gid}`);
    writeTo(join(path, "file"), "owned", 0o644);
    for (const owned of [path, join(path, "file")]) {
      chownSync(owned, uid, gid);
      // Set after the owner, because changing the owner clears these bits.
      chmodSync(owned, 0o6755);
    }
  }
}

function makeAttributes(root: string): void {
  writeTo(join(root, "xattr/file"), "with attributes", 0o644);
  writeTo(join(root, "xattr/empty file"), "", 0o644);
  writeTo(join(root, "xattr/read-only"), "with attributes", 0o644);
  writeTo(join(root, "xattr/linked"), "with attributes", 0o644);
  linkSync(join(root, "xattr/linked"), join(root, "xattr/linked too"));
  mkdirSync(join(root, "xattr/directory"));
  writeTo(join(root, "xattr/read-only directory/file"), "inside", 0o644);
  const library = createRequire(import.meta.url)(join(pluginFolder, "tsfs-importer-xattr.node")) as {
    setAttributeSync: (path: string, name: string, value: Uint8Array) => void;
  };
  for (const [path, name, value] of extendedAttributes) library.setAttributeSync(join(root, path), name, value);
  chmodSync(join(root, "xattr/read-only"), 0o444);
  chmodSync(join(root, "xattr/read-only directory"), 0o555);
}

function makeFifo(path: string, mode: number): void {
  // Node cannot make FIFOs.
  execFileSync("mkfifo", ["--", path]);
  chmodSync(path, mode);
  setTime(path, "1300000000.5");
}

/** @param time - Seconds, as a string, because a negative number would set the current time. */
function setTime(path: string, time: string): void {
  utimesSync(path, time, time);
}

async function listen(path: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return server;
}
