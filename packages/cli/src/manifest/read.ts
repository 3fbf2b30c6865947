import { open } from "node:fs/promises";
import { nearestOf } from "@kloset/config/nearest";
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";
import { CliError, UsageError } from "../exit-code.js";
import {
  CONNECTOR_KEYS,
  isConnectorType,
  MANIFEST_KEYS,
  type Manifest,
  type ManifestConnector,
  type ValueKind,
} from "./manifest.js";
import { Findings, quoted, replacing, type Located } from "./problem.js";

/** A larger file is not a manifest. */
const MAX_BYTES = 1024 * 1024;

/** Names of keys that authors use for another one. */
const KEY_HINTS: Readonly<Record<string, string>> = {
  flags: "location_flags",
  protocol: "protocols",
  schema: "validator",
  files: "extra_files",
  exec: "executable",
  command: "executable",
  arguments: "args",
  title: "display_name",
  url: "homepage",
};

type Keys = Readonly<Record<string, { readonly kind: ValueKind; readonly isRequired?: boolean }>>;

/** The keys of one mapping of the manifest. */
export interface Fields {
  /** Offset of the mapping. */
  readonly start: number;
  /** Offset of a key, or of the mapping if the key is missing. */
  readonly offsetOf: (key: string) => number;
  /** True if the value of a key is an empty text or list. */
  readonly isEmpty: (key: string) => boolean;
  /** Returns a text that is not empty. */
  readonly text: (key: string) => Located<string> | undefined;
  /** Returns the items of a list; empty if the key is missing. */
  readonly texts: (key: string) => readonly Located<string>[];
}

/** A manifest as it was read, with the position of every value. */
export interface ManifestSource {
  readonly findings: Findings;
  /** False if the text is not YAML with keys: nothing else can be checked then. */
  readonly isReadable: boolean;
  readonly top: Fields;
  readonly connectors: readonly Fields[];
}

/**
 * Reads a manifest.
 *
 * @param file - Path of the manifest.
 * @throws UsageError if the file cannot be read; CliError if Plakar could not use it. Both name the file, the second also
 * the line.
 */
export async function readManifest(file: string): Promise<Manifest> {
  const source = parseManifest(file, await readText(file));
  const problem = source.findings.inOrder().find(({ level }) => level === "error");
  if (problem !== undefined)
    throw new CliError(
      `${file}:${problem.line}:${problem.column}: ${problem.message} (kloset check finds all problems)`,
    );
  return manifestOf(source);
}

/** Reads the text of a manifest. @throws UsageError if it cannot be read, or is larger than 1 MiB. */
export async function readText(file: string): Promise<string> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size > MAX_BYTES) throw new Error(`expected at most ${MAX_BYTES} bytes, got ${size}`);
    return await handle.readFile("utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Parses a manifest. The findings have every fault of its form: syntax, keys and types. */
export function parseManifest(file: string, text: string): ManifestSource {
  const lineCounter = new LineCounter();
  const findings = new Findings(file, lineCounter);
  // Duplicates are reported with the position of the first one.
  const documents = parseAllDocuments(text, { lineCounter, uniqueKeys: false, prettyErrors: false, merge: true });
  const document = "empty" in documents ? undefined : documents[0];
  const more = "empty" in documents ? undefined : documents[1];
  for (const { pos, message } of document?.errors ?? []) findings.add("yaml-syntax", pos[0], message);
  if (more?.range !== undefined) findings.add("yaml-syntax", more.range[0], "a second document starts here: remove it");
  const unreadable = { findings, isReadable: false, top: NO_FIELDS, connectors: [] };
  if (document !== undefined && document.errors.length > 0) return unreadable;
  const root = document === undefined ? undefined : resolved(document, document.contents);
  if (document === undefined || !isMap(root)) {
    findings.add("yaml-syntax", 0, 'expected keys such as "name: notes" at the top of the file');
    return unreadable;
  }
  const reader = new Reader(document, findings);
  const { fields, nodes } = reader.read(
    root as YAMLMap<Node, Node | null>,
    MANIFEST_KEYS,
    CONNECTOR_KEYS,
    "the manifest",
  );
  return { findings, isReadable: true, top: fields, connectors: reader.connectors(nodes.get("connectors")) };
}

/** Converts what was read. Values with faults are left out. */
export function manifestOf({ top, connectors }: Pick<ManifestSource, "top" | "connectors">): Manifest {
  return {
    ...(valuesOf(top, MANIFEST_KEYS) as unknown as Manifest),
    connectors: connectors.flatMap((fields) => {
      const type = fields.text("type")?.value ?? "";
      if (!isConnectorType(type) || fields.text("executable") === undefined) return [];
      return [{ protocols: [], ...valuesOf(fields, CONNECTOR_KEYS) } as unknown as ManifestConnector];
    }),
  };
}

function valuesOf(
  fields: Fields,
  keys: Readonly<Record<string, { property: string; kind: ValueKind }>>,
): Record<string, unknown> {
  const values = Object.entries(keys).map(([key, { property, kind }]) => {
    const texts = fields.texts(key).map(({ value }) => value);
    return [property, kind === "text" ? fields.text(key)?.value : texts.length > 0 ? texts : undefined] as const;
  });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

const NO_FIELDS: Fields = {
  start: 0,
  offsetOf: () => 0,
  isEmpty: () => false,
  text: () => undefined,
  texts: () => [],
};

interface ReadMap {
  readonly fields: Fields;
  /** The resolved nodes of known keys. */
  readonly nodes: ReadonlyMap<string, Node>;
}

class Reader {
  readonly #document: Document;
  readonly #findings: Findings;

  constructor(document: Document, findings: Findings) {
    this.#document = document;
    this.#findings = findings;
  }

  connectors(node: Node | undefined): Fields[] {
    if (!isSeq(node)) return [];
    if (node.items.length === 0)
      this.#findings.add(
        "missing-key",
        startOf(node),
        '"connectors" is empty: add a connector with type, protocols and executable',
      );
    return node.items.flatMap((item, index) => {
      const map = resolved(this.#document, item as Node);
      const name = `connector ${index + 1}`;
      if (isMap(map)) return [this.read(map as YAMLMap<Node, Node | null>, CONNECTOR_KEYS, MANIFEST_KEYS, name).fields];
      this.#findings.add("wrong-type", startOf(item as Node), `${name}: expected keys such as "type: importer"`);
      return [];
    });
  }

  /** @param elsewhere - Keys that belong to another mapping of the manifest. */
  read(map: YAMLMap<Node, Node | null>, keys: Keys, elsewhere: Keys, subject: string): ReadMap {
    const findings = this.#findings;
    const pairs = this.#pairsOf(map);
    const seen = new Map<string, number>();
    /** The known keys that are there, or that a misspelt one means. */
    const taken = new Set(
      pairs.flatMap(({ key }) => textOf(key)?.value ?? []).filter((key) => Object.hasOwn(keys, key)),
    );
    const nodes = new Map<string, Node>();
    const texts = new Map<string, Located<string>>();
    const lists = new Map<string, Located<string>[]>();
    for (const { key: keyNode, value } of pairs) {
      const key = textOf(keyNode);
      if (key === undefined) {
        findings.add("wrong-type", startOf(keyNode), `${subject}: expected a text as the key`);
        continue;
      }
      if (seen.has(key.value)) {
        findings.add(
          "duplicate-key",
          key.start,
          `${subject}: the key ${quoted(key.value)} occurs twice: remove one of them`,
        );
        continue;
      }
      seen.set(key.value, key.start);
      const name = Object.hasOwn(keys, key.value) ? key.value : this.#unknownKey(key, taken, keys, elsewhere, subject);
      const known = name === undefined ? undefined : keys[name];
      if (name === undefined || known === undefined) continue;
      taken.add(name);
      seen.set(name, key.start);
      const node = resolved(this.#document, value);
      // Plakar takes null as a missing key.
      if (node === undefined || (isScalar(node) && node.value === null)) continue;
      nodes.set(name, node);
      if (known.kind === "text") {
        const text = textOf(node);
        if (text !== undefined) texts.set(name, text);
        if (text === undefined) findings.add("wrong-type", startOf(node), `${subject}: expected a text for "${name}"`);
      } else if (!isSeq(node)) {
        const example = known.kind === "texts" ? `: write ${name}: [${textOf(node)?.value ?? "…"}]` : "";
        findings.add("wrong-type", startOf(node), `${subject}: expected a list for "${name}"${example}`);
      } else if (known.kind === "texts") {
        lists.set(name, this.#textsOf(node.items as Node[], name, subject));
      }
    }
    const start = startOf(map);
    const offsetOf = (key: string): number => seen.get(key) ?? start;
    for (const [key, { isRequired }] of Object.entries(keys)) {
      if (isRequired !== true || nodes.has(key)) continue;
      findings.add("missing-key", offsetOf(key), `${subject}: the key "${key}" is missing: Plakar needs it`);
    }
    return {
      fields: {
        start,
        offsetOf,
        isEmpty: (key) => texts.get(key)?.value === "" || isEmptyList(nodes.get(key)),
        text: (key) => (texts.get(key)?.value === "" ? undefined : texts.get(key)),
        texts: (key) => lists.get(key) ?? [],
      },
      nodes,
    };
  }

  #textsOf(items: readonly Node[], key: string, name: string): Located<string>[] {
    return items.flatMap((item) => {
      const text = textOf(resolved(this.#document, item));
      if (text !== undefined) return [text];
      this.#findings.add("wrong-type", startOf(item), `${name}: expected texts in the list "${key}"`);
      return [];
    });
  }

  /** Reports a key that hosts ignore. Returns the one that it means, unless that is taken. */
  #unknownKey(
    key: Located<string>,
    taken: ReadonlySet<string>,
    keys: Keys,
    elsewhere: Keys,
    subject: string,
  ): string | undefined {
    const findings = this.#findings;
    const shown = quoted(key.value);
    if (Object.hasOwn(elsewhere, key.value)) {
      const place = elsewhere === CONNECTOR_KEYS ? "into a connector" : "to the top of the file";
      findings.add("unknown-key", key.start, `${subject}: hosts ignore ${shown} here: move it ${place}`);
      return undefined;
    }
    const hint = Object.hasOwn(KEY_HINTS, key.value) ? KEY_HINTS[key.value] : undefined;
    const meant = hint !== undefined && hint in keys ? hint : nearestOf(key.value, Object.keys(keys));
    if (meant === undefined) {
      findings.add("unknown-key", key.start, `${subject}: hosts ignore the key ${shown}: remove it`);
      return undefined;
    }
    const message = `${subject}: hosts ignore the key ${shown}: did you mean "${meant}"?`;
    if (taken.has(meant)) {
      findings.add("misspelt-key", key.start, `${message} That key exists, too: remove one of them`);
      return undefined;
    }
    findings.add("misspelt-key", key.start, message, replacing(key, meant));
    return meant;
  }

  /** Returns the entries of a mapping, and those that it merges (`<<: *common`) without overriding them. */
  #pairsOf(map: YAMLMap<Node, Node | null>): Pair<Node, Node | null>[] {
    const own = map.items.filter((pair) => !isMerge(pair));
    const names = new Set(own.map(({ key }) => textOf(key)?.value));
    const sources = map.items.filter(isMerge).flatMap(({ value }) => {
      const node = resolved(this.#document, value);
      return isSeq(node) ? node.items.map((item) => resolved(this.#document, item as Node)) : [node];
    });
    for (const source of sources) {
      if (!isMap(source)) continue;
      for (const pair of source.items as Pair<Node, Node | null>[]) {
        const name = textOf(pair.key)?.value;
        if (isMerge(pair) || names.has(name)) continue;
        names.add(name);
        own.push(pair);
      }
    }
    return own;
  }
}

function isEmptyList(node: Node | undefined): boolean {
  return isSeq(node) && node.items.length === 0;
}

function isMerge({ key }: Pair<Node, Node | null>): boolean {
  return isScalar(key) && (key.source === "<<" || key.value === "<<") && key.type === "PLAIN";
}

/** Follows an alias. */
function resolved(document: Document | Document.Parsed, node: Node | null | undefined): Node | undefined {
  if (node === null || node === undefined) return undefined;
  return isAlias(node) ? node.resolve(document) : node;
}

/** Returns a scalar as its text, as Go reads it into a string: `1.10` stays `1.10`. */
function textOf(node: Node | null | undefined): Located<string> | undefined {
  if (!isScalar(node)) return undefined;
  const { value, source, range } = node;
  const text = typeof value === "string" ? value : value === null ? "" : (source ?? "");
  return { value: text, start: range?.[0] ?? 0, end: range?.[1] ?? 0 };
}

function startOf(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0;
}
