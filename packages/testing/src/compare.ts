import { differenceOfBytes } from "@kloset/conformance";
import { fileModeToPosix } from "@kloset/model";
import { treeOf, type AttributeName, type Tree, type TreeEntry, type TreeInit } from "./tree.js";

/** Options of {@link compareTrees}. */
export interface CompareOptions {
  /** Attributes not to compare. */
  readonly ignore?: readonly AttributeName[] | undefined;
}

/** Longest content that a difference shows, in bytes. */
const MAX_SHOWN = 64;

/**
 * Compares two trees: which entries there are, and their types, contents, link targets, hard links, extended attributes,
 * and the attributes that the expected tree states. A tree that a backup has read states permissions, time and owner.
 *
 * @returns One sentence for each difference; an empty list if the trees are equal.
 * @example
 * expect(compareTrees({ "/notes/today.txt": "Buy milk.\n" }, backup.tree)).toEqual([]);
 */
export function compareTrees(
  expected: Tree | TreeInit,
  actual: Tree | TreeInit,
  options: CompareOptions = {},
): string[] {
  const wanted = treeOf(expected);
  const got = treeOf(actual);
  const differences: string[] = [];
  for (const entry of wanted) {
    const other = got.find(entry.pathname);
    const found = other === undefined ? ["is missing"] : differencesOf(entry, other, got, options.ignore ?? []);
    differences.push(...found.map((text) => `${JSON.stringify(entry.pathname)} ${text}`));
  }
  for (const { pathname } of got) {
    if (wanted.find(pathname) === undefined) differences.push(`${JSON.stringify(pathname)} is not expected`);
  }
  return differences;
}

function differencesOf(wanted: TreeEntry, got: TreeEntry, tree: Tree, ignore: readonly AttributeName[]): string[] {
  if (wanted.type !== got.type) return [`is of type "${got.type}", expected "${wanted.type}"`];
  return [
    ...contentDifferences(wanted, got),
    ...(wanted.target === got.target
      ? []
      : [`points to ${JSON.stringify(got.target)}, expected ${JSON.stringify(wanted.target)}`]),
    ...linkDifferences(wanted, got, tree),
    ...wanted.compared
      .filter((name) => !ignore.includes(name))
      .flatMap((name) => attributeDifference(name, wanted, got)),
    ...extendedDifferences(wanted, got),
  ];
}

function contentDifferences({ content: wanted }: TreeEntry, { content: got }: TreeEntry): string[] {
  if (wanted === undefined) return [];
  if (got === undefined) return ["was not read"];
  return bytesDifference("the content", wanted, got);
}

function bytesDifference(what: string, wanted: Uint8Array, got: Uint8Array): string[] {
  const difference = differenceOfBytes(got, wanted);
  if (difference === undefined) return [];
  const [gotText, wantedText] = [textOf(got), textOf(wanted)];
  if (gotText !== undefined && wantedText !== undefined && gotText !== wantedText) {
    return [`has ${what} ${JSON.stringify(gotText)}, expected ${JSON.stringify(wantedText)}`];
  }
  return [`differs in ${what}: ${difference}`];
}

/** Returns short content as text, or undefined if it is long or not UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_SHOWN) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function linkDifferences({ hardLink }: TreeEntry, got: TreeEntry, tree: Tree): string[] {
  if (hardLink === undefined) return [];
  const other = tree.find(hardLink)?.fileInfo;
  const { dev, ino, nlink } = got.fileInfo;
  const isLink = nlink > 1 && other?.dev === dev && other.ino === ino;
  return isLink ? [] : [`is not a hard link to ${JSON.stringify(hardLink)}`];
}

function attributeDifference(name: AttributeName, wanted: TreeEntry, got: TreeEntry): string[] {
  // The permissions of a symbolic link have no meaning.
  if (name === "permissions" && wanted.type === "symlink") return [];
  const [expected, actual] = [valueOf(name, wanted), valueOf(name, got)];
  return expected === actual ? [] : [`has ${name} ${actual}, expected ${expected}`];
}

function valueOf(name: AttributeName, { fileInfo }: TreeEntry): string {
  switch (name) {
    case "permissions":
      return `0o${(fileModeToPosix(fileInfo.mode) & 0o7777).toString(8)}`;
    case "modTime":
      return `${String(fileInfo.modTime)} ns`;
    case "username":
    case "groupname":
      return JSON.stringify(fileInfo[name]);
    default:
      return String(fileInfo[name]);
  }
}

function extendedDifferences({ extendedAttributes: wanted }: TreeEntry, got: TreeEntry): string[] {
  const differences: string[] = [];
  for (const [name, { kind, value }] of wanted) {
    const other = got.extendedAttributes.get(name);
    const what = `the extended attribute ${JSON.stringify(name)}`;
    if (other === undefined) differences.push(`lacks ${what}`);
    else if (kind !== other.kind) differences.push(`has ${what} of kind "${other.kind}", expected "${kind}"`);
    else differences.push(...bytesDifference(`${what} with the value`, value, other.value));
  }
  for (const name of got.extendedAttributes.keys()) {
    if (!wanted.has(name))
      differences.push(`has the extended attribute ${JSON.stringify(name)}, which is not expected`);
  }
  return differences;
}
