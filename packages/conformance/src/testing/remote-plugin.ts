import type { Exporter } from "@kloset/exporter";
import type { Generation } from "@kloset/host";
import type { Importer, ImporterFactory } from "@kloset/importer";
import {
  fileInfoOf,
  fileTypeOf,
  type ByteStream,
  type ConnectorContext,
  type Entry,
  type FileInfo,
  type FileType,
} from "@kloset/model";
import type { Companion, Subject } from "../subject.js";
import { permissionsOf } from "../tree/known-tree.js";
import { launchExporter, recorded } from "./sound-exporter.js";
import { launchImporter } from "./sound-importer.js";

const LARGE_BYTES = 1024 * 1024;

/** An item of a remote service. */
interface Item {
  readonly type: FileType;
  readonly content: Uint8Array;
  readonly target: string;
  readonly attributes: ReadonlyMap<string, Uint8Array>;
  readonly info: Pick<FileInfo, "mode" | "modTime">;
}

/** The items of one location by pathname. */
type Items = Map<string, Item>;

/** Returns an item with the attributes of an older one in its place. */
function itemOf(item: Pick<Item, "type"> & Partial<Item>, before: Item | undefined): Item {
  const info = before?.info ?? fileInfoOf({ type: item.type });
  return { content: new Uint8Array(), target: "", attributes: before?.attributes ?? new Map(), info, ...item };
}

/** Reads a stream into memory. */
async function collect(data: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of data) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

/** Creates an exporter that keeps every rule. */
function remoteExporter(items: Items): Exporter {
  const put = (pathname: string, item: Pick<Item, "type"> & Partial<Item>): void => {
    const before = items.get(pathname);
    if (before !== undefined && before.type !== item.type && before.type === "directory")
      throw new Error(`${pathname} is a folder`);
    items.set(pathname, itemOf(item, before));
  };
  const at = (pathname: string): Item => {
    const item = items.get(pathname);
    if (item === undefined) throw new Error(`${pathname} does not exist`);
    return item;
  };
  const requireFolder = (pathname: string): void => {
    if (at(pathname).type !== "directory") throw new Error(`${pathname} is not a folder`);
  };
  return {
    root: () => "/",
    createDirectory: (pathname) => {
      const parts = pathname.split("/").filter((part) => part !== "");
      for (let depth = 0; depth <= parts.length; depth++) {
        const folder = `/${parts.slice(0, depth).join("/")}`;
        if (items.has(folder)) requireFolder(folder);
        else put(folder, { type: "directory" });
      }
    },
    storeFile: async (pathname, data) => {
      const content = await collect(data);
      requireFolder(pathname.slice(0, pathname.lastIndexOf("/")) || "/");
      put(pathname, { type: "file", content });
    },
    setPermissions: (pathname, { mode, modTime }) => {
      items.set(pathname, { ...at(pathname), info: { mode, modTime } });
    },
    createLink: (oldname, newname, kind) => {
      put(newname, kind === "symbolic" ? { type: "symlink", target: oldname } : at(oldname));
    },
    setExtendedAttribute: (pathname, name, _kind, value) => {
      const item = at(pathname);
      items.set(pathname, { ...item, attributes: new Map([...item.attributes, [name, Uint8Array.from(value)]]) });
    },
    close: () => undefined,
  };
}

/** Creates an importer that keeps every rule. */
function remoteImporter(items: Items | undefined, location: string): Importer {
  return {
    origin: () => "elsewhere",
    type: () => "remote",
    root: () => "/",
    *scan(): Generator<Entry> {
      if (items === undefined) {
        yield { pathname: "/", error: new Error(`nothing is stored at ${location}`) };
        return;
      }
      for (const [pathname, { info, target, type, content, attributes }] of [...items].sort(([one], [other]) =>
        one < other ? -1 : 1,
      )) {
        const { mode, modTime } = info;
        const size = type === "file" ? content.length : 0;
        const fileInfo = fileInfoOf({ type: fileTypeOf(mode), permissions: permissionsOf(mode), modTime, size });
        yield { pathname, fileInfo, target, extendedAttributes: [...attributes.keys()] };
        for (const name of attributes.keys()) yield { pathname, attribute: { name, kind: "extended" } };
      }
    },
    open: ({ pathname, attribute }) => {
      const item = items?.get(pathname);
      const bytes = attribute === undefined ? item?.content : item?.attributes.get(attribute.name);
      if (bytes === undefined) throw new Error(`${pathname} does not exist`);
      return bytes;
    },
    close: () => undefined,
  };
}

/** A mistake of an exporter, which has access to the service. */
export type RemoteFault = (sound: Exporter, items: Items) => Partial<Exporter>;

/** Creates an exporter that does not support links. */
export const withoutLinks: RemoteFault = () => ({ createLink: undefined }) as object;

/** A plugin for a service that the kit cannot look into. Both executables run in the test's own process. */
export interface RemotePlugin {
  readonly exporter: Companion;
  readonly importer: Companion;
  readonly importerFactory: ImporterFactory;
}

/** The location of a {@link RemotePlugin}. */
export const REMOTE_LOCATION = "remote://{unique}";

/** Creates a plugin whose exporter has a mistake, or none. */
export function remotePlugin(generation: Generation, ...faults: readonly RemoteFault[]): RemotePlugin {
  const service = new Map<string, Items>();
  const exporterOf = ({ location }: ConnectorContext): Exporter => {
    const items: Items = service.get(location) ?? new Map<string, Item>();
    service.set(location, items);
    return faults.reduce<Exporter>((sound, fault) => ({ ...sound, ...fault(sound, items) }), remoteExporter(items));
  };
  const importerFactory: ImporterFactory = ({ location }) => remoteImporter(service.get(location), location);
  return {
    importerFactory,
    exporter: { executable: "exporter in process", launch: launchExporter({}, exporterOf) },
    importer: {
      executable: "importer in process",
      launch: launchImporter(importerFactory, generation),
    },
  };
}

/** Returns the exporter of a {@link remotePlugin} as a subject that its importer reads back. */
export function remoteSubject(generation: Generation, ...faults: readonly RemoteFault[]): Subject & RemotePlugin {
  const plugin = remotePlugin(generation, ...faults);
  return {
    ...plugin,
    ...plugin.exporter,
    connector: "exporter",
    location: REMOTE_LOCATION,
    generations: [generation],
    readBack: plugin.importer,
  };
}

/** Cuts a name where the path of a URL ends. */
function cut(pathname: string): string {
  return pathname.replace(/[#?].*/s, "");
}

/** The mistakes of exporters to a remote service, and the rule that finds each when it is read back. */
export const remoteFaults: readonly {
  readonly rule: string;
  /** Another rule that the mistake breaks. */
  readonly also?: string;
  readonly how: string;
  readonly generations?: readonly [Generation, ...Generation[]];
  readonly fault: RemoteFault;
}[] = [
  {
    rule: "exporter.tree.contents",
    how: 'cuts names at "#" and "?"',
    fault: (sound) => ({
      storeFile: (...[pathname, ...rest]) => sound.storeFile(cut(pathname), ...rest),
      setPermissions: (pathname, fileInfo) => sound.setPermissions(cut(pathname), fileInfo),
    }),
  },
  {
    rule: "exporter.tree.contents",
    how: "changes the last byte of large files",
    fault: (sound, items) => ({
      storeFile: async (...args) => {
        await sound.storeFile(...args);
        const { content = new Uint8Array() } = items.get(args[0]) ?? {};
        if (content.length > LARGE_BYTES) content.set([(content.at(-1) ?? 0) ^ 1], content.length - 1);
      },
    }),
  },
  {
    rule: "exporter.tree.folders",
    how: "drops empty folders",
    fault: (sound) => ({
      createDirectory: (pathname) => (pathname.endsWith("/empty-folder") ? undefined : sound.createDirectory(pathname)),
      setPermissions: (pathname, fileInfo) =>
        pathname.endsWith("/empty-folder") ? undefined : sound.setPermissions(pathname, fileInfo),
    }),
  },
  {
    rule: "exporter.tree.symbolic-links",
    how: "drops symbolic links",
    fault: (sound, items) => ({
      createLink: (...[oldname, newname, kind]) =>
        kind === "symbolic" ? undefined : sound.createLink?.(oldname, newname, kind),
      setPermissions: (pathname, fileInfo) =>
        items.has(pathname) ? sound.setPermissions(pathname, fileInfo) : undefined,
    }),
  },
  {
    rule: "exporter.tree.hard-links",
    how: "drops hard links",
    generations: ["v1.0"],
    fault: (sound, items) => ({
      createLink: (...[oldname, newname, kind]) =>
        kind === "hard" ? undefined : sound.createLink?.(oldname, newname, kind),
      setPermissions: (pathname, fileInfo) =>
        items.has(pathname) ? sound.setPermissions(pathname, fileInfo) : undefined,
    }),
  },
  {
    rule: "exporter.tree.modes",
    how: "does not store permissions",
    fault: (sound) => ({
      setPermissions: (pathname, fileInfo) =>
        sound.setPermissions(pathname, { ...fileInfo, mode: fileInfoOf({ type: fileTypeOf(fileInfo.mode) }).mode }),
    }),
  },
  {
    rule: "exporter.tree.times",
    how: "does not store times",
    fault: (sound) => ({
      setPermissions: (pathname, fileInfo) => sound.setPermissions(pathname, { ...fileInfo, modTime: 0n }),
    }),
  },
  {
    rule: "exporter.files.replaced",
    how: "keeps an existing file",
    fault: (sound, items) => ({
      storeFile: async (...[pathname, data, ...rest]) => {
        const before = items.get(pathname);
        await sound.storeFile(pathname, data, ...rest);
        if (before?.type === "file") items.set(pathname, before);
      },
    }),
  },
  {
    rule: "exporter.files.stored",
    how: "loses large files that it has answered",
    fault: (sound, items) => ({
      storeFile: async (...[pathname, ...rest]) => {
        await sound.storeFile(pathname, ...rest);
        if (pathname.startsWith("/stored-")) items.delete(pathname);
      },
      setPermissions: (pathname, fileInfo) =>
        items.has(pathname) ? sound.setPermissions(pathname, fileInfo) : undefined,
    }),
  },
  {
    rule: "exporter.files.broken-off.keeps-nothing",
    also: "exporter.files.cancelled",
    how: "keeps partial files",
    fault: keepingPartialFiles,
  },
  {
    rule: "exporter.files.cancelled",
    also: "exporter.files.broken-off.keeps-nothing",
    how: "keeps partial files",
    fault: keepingPartialFiles,
  },
  {
    rule: "exporter.files.broken-off.keeps-nothing",
    also: "exporter.files.cancelled",
    how: "keeps temporary files",
    fault: (sound) => ({
      storeFile: async (...[pathname, data, ...rest]) => {
        const empty = ReadableStream.from([]) as unknown as ByteStream;
        await sound.storeFile(`${pathname}.part`, empty, ...rest);
        await sound.storeFile(pathname, data, ...rest);
      },
    }),
  },
];

/** Stores what has arrived when a file is truncated. */
function keepingPartialFiles(sound: Exporter, items: Items): Partial<Exporter> {
  return {
    storeFile: async (...[pathname, data, ...rest]) => {
      const chunks: Uint8Array[] = [];
      try {
        await sound.storeFile(pathname, recorded(data, chunks), ...rest);
      } catch (error) {
        const parent = items.get(pathname.slice(0, pathname.lastIndexOf("/")) || "/");
        if (parent?.type === "directory") {
          items.set(pathname, itemOf({ type: "file", content: Buffer.concat(chunks) }, undefined));
        }
        throw error;
      }
    },
  };
}
