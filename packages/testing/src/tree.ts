import {
  cleanPathname,
  fileInfoOf,
  parentsOf,
  type ExtendedAttributeKind,
  type FileInfo,
  type FileInfoInit,
  type FileType,
} from "@kloset/model";

/** The attributes of an entry that {@link compareTrees} can compare. */
export type AttributeName = "permissions" | "modTime" | "uid" | "gid" | "username" | "groupname" | "size";

/** The value of an extended attribute. */
export interface ExtendedAttribute {
  readonly kind: ExtendedAttributeKind;
  readonly value: Uint8Array;
}

/** An entry of a {@link Tree}. */
export interface TreeEntry {
  /** Absolute, slash-separated and clean. */
  readonly pathname: string;
  readonly type: FileType;
  readonly fileInfo: FileInfo;
  /** Target of a symbolic link. Empty for every other type. */
  readonly target: string;
  /** Content of a regular file; undefined if it was not read, and for every other type. */
  readonly content: Uint8Array | undefined;
  /** Extended attributes, by name. */
  readonly extendedAttributes: ReadonlyMap<string, ExtendedAttribute>;
  /** Pathname of the entry of which this is another name: its hard link. */
  readonly hardLink?: string | undefined;
  /** Attributes that `compareTrees` compares if this entry is expected. For an entry of `tree`, those that it states. */
  readonly compared: readonly AttributeName[];
}

/** Entries by pathname, in order: parents first, then by name. */
export class Tree implements Iterable<TreeEntry> {
  readonly #entries: ReadonlyMap<string, TreeEntry>;

  /** @param entries - Each pathname at most once; the last one counts. */
  constructor(entries: Iterable<TreeEntry>) {
    const sorted = [...entries].sort((a, b) => compareKeys(keyOf(a.pathname), keyOf(b.pathname)));
    this.#entries = new Map(sorted.map((entry) => [entry.pathname, entry]));
  }

  /** The pathnames of all entries, in order. */
  get pathnames(): string[] {
    return [...this.#entries.keys()];
  }

  /** Returns an entry. @throws RangeError if the tree does not contain it. */
  get(pathname: string): TreeEntry {
    const entry = this.find(pathname);
    if (entry !== undefined) return entry;
    throw new RangeError(`the tree has no ${JSON.stringify(pathname)}, only ${list(this.pathnames)}`);
  }

  /** Returns an entry; undefined if the tree does not contain it. */
  find(pathname: string): TreeEntry | undefined {
    return this.#entries.get(pathname);
  }

  /**
   * Returns the content of a file as text.
   *
   * @throws RangeError if there is no such entry, if it is not a file, or if its content was not read.
   */
  text(pathname: string): string {
    const { type, content } = this.get(pathname);
    if (content !== undefined) return Buffer.from(content).toString();
    const reason = type === "file" ? "its content was not read" : `it is of type "${type}"`;
    throw new RangeError(`${JSON.stringify(pathname)} has no content: ${reason}`);
  }

  [Symbol.iterator](): Iterator<TreeEntry> {
    return this.#entries.values();
  }
}

/** Attributes of an entry to describe to {@link tree}. The others are of no importance, and are not compared. */
export interface AttributesInit extends Pick<
  FileInfoInit,
  "permissions" | "modTime" | "uid" | "gid" | "username" | "groupname"
> {
  /** Extended attributes, by name. Text is encoded as UTF-8. */
  extendedAttributes?: Readonly<Record<string, string | Uint8Array>>;
}

/** A file with attributes. */
export interface FileNode extends AttributesInit {
  /** Text is encoded as UTF-8. */
  content: string | Uint8Array;
}

/** A symbolic link. */
export interface SymlinkNode extends AttributesInit {
  /** The path that the link contains. */
  target: string;
}

/** Another name of a file. */
export interface HardLinkNode {
  /** Pathname of the file, which the tree must have. */
  hardLink: string;
}

/** A FIFO. */
export interface FifoNode extends AttributesInit {
  type: "fifo";
}

/** An entry to describe to {@link tree}: the content of a file, or an object that tells its type by its keys. */
export type TreeNode = string | Uint8Array | FileNode | SymlinkNode | HardLinkNode | FifoNode;

/**
 * The description of a tree, by pathname. A pathname that ends with "/" is a directory, with its attributes; any other
 * is a file, with its content, or a {@link TreeNode}.
 */
export type TreeInit = Readonly<Record<string, TreeNode | AttributesInit>>;

const DEVICE = 1n;

/**
 * Builds a tree to restore, or to compare with another. The root and missing parents are added as directories.
 *
 * @example
 * tree({
 *   "/today.txt": "Buy milk.\n",
 *   "/run.sh": { content: "#!/bin/sh\n", permissions: 0o755 },
 *   "/empty/": {},
 *   "/latest": { target: "today.txt" },
 * });
 * @throws RangeError for a pathname that is not absolute and clean or occurs twice, for a hard link to an entry that is
 * not a file of the tree, and for an entry below another that is not a directory. TypeError for an unknown node.
 */
export function tree(init: TreeInit): Tree {
  const entries = new Map<string, TreeEntry>();
  for (const [key, node] of Object.entries(init)) {
    const pathname = pathnameOf(key);
    if (entries.has(pathname)) throw new RangeError(`tree(): ${JSON.stringify(pathname)} occurs twice`);
    entries.set(pathname, nodeEntry(key, pathname, node, BigInt(entries.size + 1)));
  }
  for (const [pathname] of [...entries]) {
    for (const parent of parentsOf(pathname)) {
      const { type } = entries.get(parent) ?? { type: undefined };
      if (type === undefined)
        entries.set(parent, newEntry(parent, {}, { type: "directory" }, BigInt(entries.size + 1)));
      else if (type !== "directory") {
        throw new RangeError(
          `tree(): ${JSON.stringify(pathname)} is below ${JSON.stringify(parent)}, which is a ${type}`,
        );
      }
    }
  }
  if (!entries.has("/")) entries.set("/", newEntry("/", {}, { type: "directory" }, BigInt(entries.size + 1)));
  linkFiles(entries);
  return new Tree(entries.values());
}

/** Returns the tree of a description, or a tree unchanged. */
export function treeOf(source: Tree | TreeInit): Tree {
  return source instanceof Tree ? source : tree(source);
}

function pathnameOf(key: string): string {
  const pathname = key.length > 1 && key.endsWith("/") ? key.slice(0, -1) : key;
  if (!key.startsWith("/") || pathname.includes("\0") || cleanPathname(pathname) !== pathname) {
    throw new RangeError(
      `tree(): a pathname is absolute and has no empty component, "." or "..", got ${JSON.stringify(key)}`,
    );
  }
  return pathname;
}

function nodeEntry(key: string, pathname: string, node: TreeNode | AttributesInit, ino: bigint): TreeEntry {
  const isContent = typeof node === "string" || node instanceof Uint8Array;
  if (key.endsWith("/")) {
    if (!isContent && !("content" in node || "target" in node || "hardLink" in node || "type" in node)) {
      return newEntry(pathname, node, { type: "directory" }, ino);
    }
    throw new TypeError(`tree(): ${JSON.stringify(key)} ends with "/", so expected the attributes of a directory`);
  }
  if (isContent) return newEntry(pathname, {}, { type: "file", content: bytesOf(node) }, ino);
  if ("content" in node) return newEntry(pathname, node, { type: "file", content: bytesOf(node.content) }, ino);
  if ("target" in node) return newEntry(pathname, node, { type: "symlink", target: node.target }, ino);
  if ("hardLink" in node) return newEntry(pathname, {}, { type: "file", hardLink: node.hardLink }, ino);
  if ("type" in node) return newEntry(pathname, node, { type: "fifo" }, ino);
  throw new TypeError(
    `tree(): ${JSON.stringify(key)}: expected content, or an object with "content", "target", "hardLink" or "type"; end the pathname of a directory with "/"`,
  );
}

function newEntry(
  pathname: string,
  attributes: AttributesInit,
  given: Pick<TreeEntry, "type"> & Partial<Pick<TreeEntry, "content" | "target" | "hardLink">>,
  ino: bigint,
): TreeEntry {
  const { extendedAttributes = {}, permissions, modTime, uid, gid, username, groupname } = attributes;
  const stated = Object.fromEntries(
    Object.entries({ permissions, modTime, uid, gid, username, groupname }).filter(([, value]) => value !== undefined),
  ) as FileInfoInit;
  const { type, content, target = "", hardLink } = given;
  return {
    pathname,
    type,
    fileInfo: fileInfoOf({ ...stated, type, ...(content !== undefined && { size: content.length }), dev: DEVICE, ino }),
    target,
    content,
    extendedAttributes: new Map(
      Object.entries(extendedAttributes).map(([name, value]) => [name, { kind: "extended", value: bytesOf(value) }]),
    ),
    ...(hardLink !== undefined && { hardLink }),
    compared: Object.keys(stated) as AttributeName[],
  };
}

/** Gives each hard link the content and the inode of its file. */
function linkFiles(entries: Map<string, TreeEntry>): void {
  const counts = new Map<string, number>();
  for (const { hardLink } of entries.values()) {
    if (hardLink !== undefined) counts.set(hardLink, (counts.get(hardLink) ?? 1) + 1);
  }
  for (const [pathname, nlink] of counts) {
    const file = entries.get(pathname);
    if (file?.content === undefined) {
      throw new RangeError(`tree(): a hard link leads to ${JSON.stringify(pathname)}, which is not a file of the tree`);
    }
    entries.set(pathname, { ...file, fileInfo: { ...file.fileInfo, nlink } });
  }
  for (const [pathname, entry] of entries) {
    const file = entry.hardLink === undefined ? undefined : entries.get(entry.hardLink);
    if (file === undefined) continue;
    const { fileInfo, content, extendedAttributes } = file;
    entries.set(pathname, { ...entry, fileInfo, content, extendedAttributes });
  }
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

/** Orders parents before their children, and everything below a directory together. */
function keyOf(pathname: string): string {
  return pathname === "/" ? "" : pathname.replaceAll("/", "\0");
}

function compareKeys(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

const MAX_LISTED = 10;

function list(pathnames: readonly string[]): string {
  const shown = pathnames.slice(0, MAX_LISTED).map((each) => JSON.stringify(each));
  const more = pathnames.length - shown.length;
  if (shown.length === 0) return "none";
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
