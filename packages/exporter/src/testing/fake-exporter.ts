import type { ByteStream, ExtendedAttributeKind, FileInfo } from "@kloset/model";
import type { Exporter, LinkKind, StoreFileContext } from "../exporter.js";

/** An entry of a {@link FakeExporter}. Hard links share one node. */
export interface Node {
  readonly type: "directory" | "file" | "symlink" | "special";
  /** The bytes of a file, as latin1, or the target of a symbolic link. */
  readonly content?: string;
  info?: FileInfo;
  readonly attributes: Map<string, string>;
}

/** Restores to memory and records every call in order. */
export class FakeExporter implements Exporter {
  readonly nodes = new Map<string, Node>([["/", { type: "directory", attributes: new Map() }]]);
  /** Each call when it starts, such as `storeFile /a`. */
  readonly calls: string[] = [];
  /** The start and end of each call: `+ storeFile /a`, then `- storeFile /a`, even if it failed. */
  readonly events: string[] = [];
  readonly sizes = new Map<string, number | undefined>();
  readonly contexts: StoreFileContext[] = [];
  /** Highest number of concurrent calls. */
  peak = 0;
  closed = 0;
  #running = 0;

  /** @param before - Called at the start of each call. May delay the call or throw. */
  constructor(
    readonly before: (call: string) => Promise<void> | void = () => undefined,
    readonly top = "/srv/o",
  ) {}

  root(): string {
    return this.top;
  }

  createDirectory(pathname: string): Promise<void> {
    return this.#call(`createDirectory ${pathname}`, () => {
      if (this.nodes.get(pathname)?.type !== "directory") this.#add(pathname, "directory");
    });
  }

  storeFile(pathname: string, data: ByteStream, size: number | undefined, context: StoreFileContext): Promise<void> {
    this.contexts.push(context);
    return this.#call(`storeFile ${pathname}`, async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of data) chunks.push(Uint8Array.from(chunk));
      this.sizes.set(pathname, size);
      this.#add(pathname, "file", Buffer.concat(chunks).toString("latin1"));
    });
  }

  setPermissions(pathname: string, info: FileInfo): Promise<void> {
    return this.#call(`setPermissions ${pathname}`, () => {
      this.#node(pathname).info = info;
    });
  }

  createLink(oldname: string, newname: string, kind: LinkKind): Promise<void> {
    return this.#call(`createLink ${kind} ${oldname} ${newname}`, () => {
      if (kind === "hard") this.nodes.set(newname, this.#node(oldname));
      else this.#add(newname, "symlink", oldname);
    });
  }

  createSpecial(pathname: string): Promise<void> {
    return this.#call(`createSpecial ${pathname}`, () => {
      this.#add(pathname, "special");
    });
  }

  setExtendedAttribute(pathname: string, name: string, kind: ExtendedAttributeKind, value: Uint8Array): Promise<void> {
    return this.#call(`setExtendedAttribute ${pathname} ${name} ${kind}`, () => {
      this.#node(pathname).attributes.set(`${kind} ${name}`, Buffer.from(value).toString("latin1"));
    });
  }

  close(): void {
    this.closed++;
  }

  /** Returns the content of a file; undefined if it does not exist. */
  contentOf(pathname: string): string | undefined {
    return this.nodes.get(pathname)?.content;
  }

  async #call(call: string, act: () => Promise<void> | void): Promise<void> {
    this.calls.push(call);
    this.events.push(`+ ${call}`);
    this.peak = Math.max(this.peak, ++this.#running);
    try {
      await this.before(call);
      await act();
    } finally {
      this.#running--;
      this.events.push(`- ${call}`);
    }
  }

  #add(pathname: string, type: Node["type"], content?: string): void {
    const parent = pathname.slice(0, pathname.lastIndexOf("/")) || "/";
    if (this.nodes.get(parent)?.type !== "directory") throw new Error(`ENOENT: ${parent}`);
    this.nodes.set(pathname, { type, attributes: new Map(), ...(content !== undefined && { content }) });
  }

  #node(pathname: string): Node {
    const node = this.nodes.get(pathname);
    if (node === undefined) throw new Error(`ENOENT: ${pathname}`);
    return node;
  }
}

/** Returns the exporter without some of its optional methods. */
export function without(exporter: Exporter, ...names: readonly (keyof Exporter)[]): Exporter {
  return new Proxy(exporter, {
    get(target, name) {
      if ((names as readonly PropertyKey[]).includes(name)) return undefined;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Returns the exporter with some methods replaced or added. */
export function withMethods(exporter: Exporter, methods: Partial<Exporter>): Exporter {
  return new Proxy(exporter, {
    get(target, name) {
      const owner = name in methods ? methods : target;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === "function" ? (value.bind(owner) as unknown) : value;
    },
  });
}
