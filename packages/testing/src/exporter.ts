import { restore, RestoreSourceError, type ExporterClient, type ExportStream, type RestoreEntry } from "@kloset/host";
import type { RecordEntry } from "@kloset/model";
import { ConnectorRuns, type ConnectorTest, type Run, type TestOptions } from "./connector-runs.js";
import { FaultInjector, type HostFaults, type Interruption } from "./faults.js";
import type { EntryError } from "./importer.js";
import type { ConnectorModule } from "./module.js";
import { treeOf, type Tree, type TreeEntry, type TreeInit } from "./tree.js";

/** An exporter that is tested. */
export interface ExporterTest extends ConnectorTest {
  /**
   * Restores a tree. The first call uses the connector that `testExporter` has started; each further call starts another
   * one, as Plakar starts a process for each restore. The connector is closed at the end.
   *
   * @param source - The tree, such as that of a backup, or its description: see `tree`.
   * @throws PluginError if the restore fails as a whole, what the connector's `close()` throws, the reason of `signal`, and
   * RangeError for an invalid tree, or a fault that did not happen.
   */
  restore(source: Tree | TreeInit, options?: RestoreTestOptions): Promise<RestoreResult>;
}

/** Misbehavior of a host during a restore. */
export interface RestoreFaults extends HostFaults {
  /**
   * Files of which the host sends less than it announces, by pathname, with the number of bytes that it sends. On v1.0
   * `data` throws; on v1.1 it ends, and only `size` shows the difference.
   */
  readonly short?: Readonly<Record<string, number>> | undefined;
  /**
   * Files whose source fails, by pathname, with the number of bytes before that. Hosts send chunks of 1 MiB, so the
   * exporter receives something of the file only if that is more. On v1.1 the restore ends there; on v1.0 only the file
   * fails. `data` throws on both.
   */
  readonly failing?: Readonly<Record<string, number>> | undefined;
}

/** Options of {@link ExporterTest.restore}. */
export interface RestoreTestOptions {
  /** v1.0: number of files restored at the same time. Default: `maxConcurrency` of the host's options, or 1. */
  readonly maxConcurrency?: number | undefined;
  /** Misbehavior of the host. */
  readonly faults?: RestoreFaults | undefined;
  /** Cancels the restore. */
  readonly signal?: AbortSignal | undefined;
}

/** The result of a restore. */
export interface RestoreResult {
  /** Pathnames of the entries that were restored, with their extended attributes, in order. */
  readonly restored: readonly string[];
  /** The entries that could not be restored, in the order in which the host learned of it. */
  readonly errors: readonly EntryError[];
  /**
   * Pathnames of the entries without a result: hosts do not send them (FIFOs on v1.0), or the restore was interrupted.
   */
  readonly leftOut: readonly string[];
  /** The fault that ended the restore early, or undefined. */
  readonly interruption: Interruption | undefined;
}

/**
 * Starts an exporter in memory, in the form in which Plakar would start it, and sends Init.
 *
 * @param module - The default export of the plugin's module, or a factory.
 * @throws TypeError for anything else, RangeError for an invalid option, and PluginError with the text that the user would
 * see if Init fails.
 * @example
 * await using exporter = await testExporter(notes, { location: "notes:///" });
 * const { errors } = await exporter.restore({ "/today.txt": "Buy milk.\n" });
 */
export async function testExporter(module: ConnectorModule<"exporter">, options: TestOptions): Promise<ExporterTest> {
  const runs = await ConnectorRuns.start("exporter", module, options, "testExporter");
  return {
    identity: runs.identity,
    restore: async (source, restoreOptions = {}) => {
      const tree = treeOf(source);
      checkContents(tree, restoreOptions.faults ?? {});
      return runs.once((run) => restoreTree(run, tree, restoreOptions));
    },
    close: () => runs.close(),
    [Symbol.asyncDispose]: () => runs.close(),
  };
}

async function restoreTree(
  run: Run<ExporterClient>,
  tree: Tree,
  { faults = {}, signal: outer, maxConcurrency }: RestoreTestOptions,
): Promise<RestoreResult> {
  const injector = new FaultInjector(faults, run.plugin, outer);
  const errors: EntryError[] = [];
  const restored = new Set<string>();
  let interruption: Interruption | undefined;
  try {
    injector.addEntries(0);
    await restore(announcing(run, tree, faults.short ?? {}), entriesOf(tree, faults, injector), {
      maxConcurrency,
      signal: injector.signal,
      onRestored: (pathname) => {
        if (injector.interruption === undefined) restored.add(pathname);
      },
      onError: (pathname, { message }) => {
        if (injector.interruption === undefined) errors.push({ pathname, message });
      },
    });
  } catch (error) {
    interruption = injector.interruption ?? (isWanted(error, faults) ? "source failed" : undefined);
    if (interruption === undefined) throw error;
  } finally {
    injector.dispose();
  }
  interruption ??= injector.interruption;
  if (interruption === undefined) injector.assertHappened();
  const failed = new Set(errors.map(({ pathname }) => pathname));
  return {
    restored: [...restored].filter((pathname) => !failed.has(pathname)),
    errors,
    leftOut: tree.pathnames.filter((pathname) => !restored.has(pathname) && !failed.has(pathname)),
    interruption,
  };
}

function isWanted(error: unknown, { failing = {} }: RestoreFaults): boolean {
  return error instanceof RestoreSourceError && Object.hasOwn(failing, error.pathname);
}

/** @throws RangeError for a tree that cannot be restored, and for faults of files that it does not have. */
function checkContents(tree: Tree, { short = {}, failing = {} }: RestoreFaults): void {
  for (const { pathname, type, content } of tree) {
    if (type === "file" && content === undefined) {
      throw new RangeError(
        `restore(): the content of ${JSON.stringify(pathname)} was not read, so it cannot be restored`,
      );
    }
  }
  for (const [option, bytesByPathname] of Object.entries({ short, failing })) {
    for (const [pathname, bytes] of Object.entries(bytesByPathname)) {
      const { content } = tree.find(pathname) ?? {};
      if (content === undefined)
        throw new RangeError(`faults.${option}: the tree has no file ${JSON.stringify(pathname)}`);
      if (Number.isSafeInteger(bytes) && bytes >= 0 && bytes < content.length) continue;
      throw new RangeError(
        `faults.${option}: expected fewer bytes than the ${content.length} of ${JSON.stringify(pathname)}, got ${bytes}`,
      );
    }
  }
}

/** Yields the entries as a host restores them, each with its extended attributes. */
async function* entriesOf(
  tree: Tree,
  faults: RestoreFaults,
  injector: FaultInjector,
): AsyncGenerator<RestoreEntry, void, undefined> {
  for (const entry of tree) {
    yield recordOf(entry, faults, injector);
    injector.addEntries(1);
    for (const [name, { kind, value }] of entry.extendedAttributes) {
      yield { pathname: entry.pathname, attribute: { name, kind }, read: () => value };
      injector.addEntries(1);
    }
  }
}

function recordOf(
  { pathname, fileInfo, target, content, extendedAttributes }: TreeEntry,
  { short = {}, failing = {} }: RestoreFaults,
  injector: FaultInjector,
): RecordEntry {
  const record = { pathname, target, fileInfo, extendedAttributes: [...extendedAttributes.keys()] };
  if (content === undefined) return record;
  const sent = content.subarray(0, short[pathname] ?? content.length);
  return {
    ...record,
    fileInfo: { ...fileInfo, size: sent.length },
    read: () => injector.through(pathname, pieces(sent, failing[pathname])),
  };
}

/** Yields content in chunks as a host reads it, and fails in its midst if it has to. */
function* pieces(content: Uint8Array, failsAfter: number | undefined): Generator<Uint8Array, void, undefined> {
  const end = failsAfter ?? content.length;
  for (let at = 0; at < end; at += CHUNK_BYTES) yield content.subarray(at, Math.min(at + CHUNK_BYTES, end));
  if (failsAfter !== undefined) throw new Error(`the source failed after ${end} bytes, as the test demands`);
}

/** Small enough that `pace` and the points of faults are noticed within a file. */
const CHUNK_BYTES = 64 * 1024;

/** Returns a client that announces the size of the whole content, of which less may be sent. */
function announcing(
  { client, close }: Run<ExporterClient>,
  tree: Tree,
  short: Readonly<Record<string, number>>,
): ExporterClient {
  const sizeOf = (pathname: string): number | undefined =>
    Object.hasOwn(short, pathname) ? tree.get(pathname).content?.length : undefined;
  if (client.generation === "v1.1") {
    return {
      generation: client.generation,
      like: client.like,
      options: client.options,
      identity: (signal) => client.identity(signal),
      ping: (signal) => client.ping(signal),
      close,
      export: (signal) => announcingStream(client.export(signal), sizeOf),
    };
  }
  // Paths of this generation include the root, which the host asks for first.
  let root = "";
  return {
    generation: client.generation,
    like: client.like,
    options: client.options,
    identity: async (signal) => {
      const identity = await client.identity(signal);
      root = identity.root.replace(/\/+$/, "");
      return identity;
    },
    createDirectory: (path, signal) => client.createDirectory(path, signal),
    storeFile: (path, source, size, signal) =>
      client.storeFile(path, source, sizeOf(path.slice(root.length)) ?? size, signal),
    setPermissions: (path, fileInfo, signal) => client.setPermissions(path, fileInfo, signal),
    createLink: (oldname, newname, kind, signal) => client.createLink(oldname, newname, kind, signal),
    close,
  };
}

function announcingStream(stream: ExportStream, sizeOf: (pathname: string) => number | undefined): ExportStream {
  return {
    sendRecord: (entry) => {
      const size = entry.attribute === undefined ? sizeOf(entry.pathname) : undefined;
      if (size === undefined || entry.attribute !== undefined) return stream.sendRecord(entry);
      return stream.sendRecord({ ...entry, fileInfo: { ...entry.fileInfo, size } });
    },
    sendContent: (source) => stream.sendContent(source),
    endContent: () => stream.endContent(),
    halfClose: () => {
      stream.halfClose();
    },
    cancel: () => {
      stream.cancel();
    },
    results: () => stream.results(),
  };
}
