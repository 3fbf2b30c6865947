import { parse, type ParserPlugin } from "@babel/parser";
import { traverseFast, type CallExpression, type File, type Identifier, type Node } from "@babel/types";
import MagicString from "magic-string";
import type { Codemod } from "./codemod.js";

/** A method whose signal was a parameter. */
interface Signature {
  /** Position of the context: that of the first parameter that is a property of it now. */
  readonly at: number;
  /** The parameters that became properties, in order. */
  readonly properties: readonly ("range" | "signal")[];
  /** The type of the context. */
  readonly type: "CallContext" | "StoreFileContext" | "ResourceContext" | "ResourceGetContext";
}

const resource = (at: number): Signature => ({ at, properties: ["signal"], type: "ResourceContext" });

const SIGNATURES: ReadonlyMap<string, Signature> = new Map<string, Signature>([
  ["scan", { at: 0, properties: ["signal"], type: "CallContext" }],
  ["open", { at: 1, properties: ["signal"], type: "CallContext" }],
  ["read", { at: 0, properties: ["signal"], type: "CallContext" }],
  ["storeFile", { at: 3, properties: ["signal"], type: "StoreFileContext" }],
  ["getState", resource(1)],
  ["getPackfile", resource(1)],
  ["getPackfileBlob", resource(3)],
  ["getLock", resource(1)],
  ["list", resource(1)],
  ["put", resource(3)],
  ["delete", resource(2)],
  ["get", { at: 2, properties: ["range", "signal"], type: "ResourceGetContext" }],
]);

/** Names that have no other meaning in a plugin, so that a parameter that is not understood is worth a note. */
const OWN_NAMES = new Set(["scan", "storeFile", "getPackfile", "getPackfileBlob"]);

/** Signals, and what else was positional, become one context object: the last argument of each call. */
export const contextObject: Codemod = {
  version: "0.1.0",
  name: "context-object",
  description: "positional signals and ranges become one context object",
  rewrite(text, path) {
    const file = parse(text, { sourceType: "module", plugins: pluginsFor(path) });
    if (!importsSdk(file)) return { text, changes: [], notes: [] };
    return new Rewriter(text, file).rewrite();
  },
};

class Rewriter {
  readonly #text: string;
  readonly #file: File;
  readonly #edited: MagicString;
  readonly #changes: string[] = [];
  readonly #notes: string[] = [];
  readonly #types = new Set<string>();

  constructor(text: string, file: File) {
    this.#text = text;
    this.#file = file;
    this.#edited = new MagicString(text);
  }

  rewrite(): ReturnType<Codemod["rewrite"]> {
    traverseFast(this.#file, (node) => {
      const method = methodOf(node);
      if (method !== undefined) this.#rewriteMethod(method);
      if (node.type === "CallExpression" || node.type === "OptionalCallExpression") this.#rewriteCall(node);
    });
    if (this.#types.size > 0) this.#importTypes();
    return { text: this.#edited.toString(), changes: this.#changes, notes: this.#notes };
  }

  #rewriteMethod({ name, params, body }: Method): void {
    const signature = SIGNATURES.get(name);
    if (signature === undefined) return;
    const { at, properties, type } = signature;
    const positional = params.slice(at);
    if (positional.length === 0 || positional.length > properties.length) return;
    const [first] = positional;
    if (positional.length === 1 && first?.type !== "Identifier") return;
    const names: string[] = [];
    let isTyped = false;
    let isOptional = false;
    for (const [index, param] of positional.entries()) {
      const property = properties[index] ?? "signal";
      // A single parameter can be the range, or already the context.
      const isOld =
        param.type === "Identifier" && (property === "range" ? this.#isRange(param) : this.#isSignal(param, body));
      if (!isOld) {
        if (OWN_NAMES.has(name) || positional.length > 1) this.#noteUnknown(name, param, body);
        return;
      }
      names.push(param.name === property ? property : `${property}: ${param.name}`);
      isTyped ||= param.typeAnnotation !== undefined && param.typeAnnotation !== null;
      isOptional ||= param.optional === true;
    }
    const last = positional.at(-1);
    if (first === undefined || last === undefined) return;
    const pattern = `{ ${names.join(", ")} }`;
    const before = this.#text.slice(start(first), end(last));
    const annotation = isTyped ? (isOptional ? `: Partial<${type}>` : `: ${type}`) : "";
    this.#edited.overwrite(start(first), end(last), pattern + annotation + (isOptional ? " = {}" : ""));
    // An arrow function may have its parameter without parentheses.
    if (/^\s*=>/.test(this.#text.slice(end(last)))) {
      this.#edited.appendLeft(start(first), "(").appendRight(end(last), ")");
    }
    if (isTyped) this.#types.add(type);
    const kept = params.slice(0, at).map((param) => textOf(param, this.#text));
    this.#changes.push(`${name}(${[...kept, before].join(", ")}) → ${name}(${[...kept, pattern].join(", ")})`);
  }

  #rewriteCall(call: Call): void {
    const { callee, arguments: args } = call;
    if (callee.type !== "MemberExpression" && callee.type !== "OptionalMemberExpression") return;
    if (callee.computed || callee.property.type !== "Identifier") return;
    const { name } = callee.property;
    const signature = SIGNATURES.get(name);
    if (signature === undefined) return;
    const { at, properties, type } = signature;
    const [first, last] = [args[at], args.at(-1)];
    if (first === undefined || last === undefined || args.length !== at + properties.length) return;
    if (!isSignalExpression(last)) return;
    const parts = args.slice(at).flatMap((arg, index) => {
      const property = properties[index] ?? "signal";
      const value = this.#text.slice(start(arg), end(arg));
      if (property === "range" && value === "undefined") return [];
      return [value === property ? property : `${property}: ${value}`];
    });
    // Hosts set it; a caller of a store has to as well.
    if (type.startsWith("Resource")) parts.push("hot: false");
    const context = `{ ${parts.join(", ")} }`;
    const before = this.#text.slice(start(first), end(last));
    this.#edited.overwrite(start(first), end(last), context);
    const kept = args.slice(0, at).map((arg) => this.#text.slice(start(arg), end(arg)));
    this.#changes.push(`.${name}(${[...kept, before].join(", ")}) → .${name}(${[...kept, context].join(", ")})`);
  }

  /** Tells a signal from a context, which may have any name: by its type, its name, or its use. */
  #isSignal(param: Identifier, body: Node): boolean {
    const type = this.#typeOf(param);
    if (type !== undefined) return type.includes("AbortSignal");
    const used = membersUsed(param.name, body);
    if (used.has("signal")) return false;
    return SIGNAL_NAME.test(param.name) || ["aborted", "throwIfAborted", "reason"].some((member) => used.has(member));
  }

  #isContext(param: Identifier, body: Node): boolean {
    const type = this.#typeOf(param);
    if (type !== undefined) return /Context\b/.test(type);
    return /context|ctx/i.test(param.name) || membersUsed(param.name, body).has("signal");
  }

  #isRange(param: Identifier): boolean {
    const type = this.#typeOf(param);
    return type === undefined ? /range/i.test(param.name) : /\bRange\b/.test(type);
  }

  #typeOf({ typeAnnotation }: Identifier): string | undefined {
    return typeAnnotation ? this.#text.slice(start(typeAnnotation), end(typeAnnotation)) : undefined;
  }

  #noteUnknown(name: string, param: Node, body: Node): void {
    if (param.type === "ObjectPattern" || (param.type === "Identifier" && this.#isContext(param, body))) return;
    const text = this.#text.slice(start(param), end(param));
    this.#notes.push(
      `line ${param.loc?.start.line ?? 0}: the parameter ${JSON.stringify(text)} of ${name}() may be a signal, which is a property of the last argument now`,
    );
  }

  /** Imports the types that annotations name, in the import of the SDK if there is one. */
  #importTypes(): void {
    const imports = this.#file.program.body.filter((node) => node.type === "ImportDeclaration");
    const imported = new Set(imports.flatMap(({ specifiers }) => specifiers.map(({ local }) => local.name)));
    const names = [...this.#types].filter((name) => !imported.has(name)).sort();
    if (names.length === 0) return;
    const sdk = imports.find(
      ({ source, specifiers }) => source.value === "@kloset/sdk" && specifiers.at(-1)?.type === "ImportSpecifier",
    );
    const last = sdk?.specifiers.at(-1);
    if (sdk !== undefined && last !== undefined) {
      const prefix = sdk.importKind === "type" ? "" : "type ";
      this.#edited.appendLeft(end(last), names.map((name) => `, ${prefix}${name}`).join(""));
    } else {
      const line = `\nimport type { ${names.join(", ")} } from "@kloset/sdk";`;
      this.#edited.appendLeft(end(imports.at(-1) ?? this.#file), line);
    }
  }
}

type Call = Pick<CallExpression, "callee" | "arguments">;

/** A method of an object or a class, or a property that is a function. */
interface Method {
  readonly name: string;
  readonly params: readonly Node[];
  readonly body: Node;
}

function methodOf(node: Node): Method | undefined {
  if (node.type === "ObjectMethod" || node.type === "ClassMethod") {
    return named(node.computed ? undefined : node.key, node.params, node.body);
  }
  if (node.type !== "ObjectProperty" && node.type !== "ClassProperty") return undefined;
  const { value } = node;
  if (value?.type !== "ArrowFunctionExpression" && value?.type !== "FunctionExpression") return undefined;
  return named(node.computed ? undefined : node.key, value.params, value.body);
}

function named(key: Node | undefined, params: readonly Node[], body: Node): Method | undefined {
  if (key?.type === "Identifier") return { name: key.name, params, body };
  return key?.type === "StringLiteral" ? { name: key.value, params, body } : undefined;
}

const SIGNAL_NAME = /^_*(?:signal|abort|aborted)$|Signal$/;

function isSignalExpression(node: Node): boolean {
  if (node.type === "Identifier") return SIGNAL_NAME.test(node.name);
  if (node.type === "CallExpression")
    return node.callee.type === "MemberExpression" && isAbortSignal(node.callee.object);
  if (node.type !== "MemberExpression" || node.computed) return false;
  return node.property.type === "Identifier" && SIGNAL_NAME.test(node.property.name);
}

function isAbortSignal(node: Node): boolean {
  return node.type === "Identifier" && node.name === "AbortSignal";
}

/** Returns the names of the properties of a variable that a function uses. */
function membersUsed(variable: string, body: Node): ReadonlySet<string> {
  const used = new Set<string>();
  traverseFast(body, (node) => {
    if (node.type !== "MemberExpression" && node.type !== "OptionalMemberExpression") return;
    const { object, property } = node;
    if (object.type === "Identifier" && object.name === variable && property.type === "Identifier") {
      used.add(property.name);
    }
  });
  return used;
}

function importsSdk(file: File): boolean {
  return file.program.body.some(
    (node) => node.type === "ImportDeclaration" && node.source.value.startsWith("@kloset/"),
  );
}

function pluginsFor(path: string): ParserPlugin[] {
  const plugins: ParserPlugin[] = ["decorators", "explicitResourceManagement"];
  if (/\.[cm]?tsx?$/.test(path)) plugins.push("typescript");
  if (/x$/.test(path)) plugins.push("jsx");
  return plugins;
}

function textOf(node: Node, text: string): string {
  return node.type === "Identifier" ? node.name : text.slice(start(node), end(node));
}

/** The parser always sets positions; the types serve trees that were made otherwise, too. */
function start({ start }: Node): number {
  return start ?? 0;
}

function end({ end }: Node): number {
  return end ?? 0;
}
