import { backup, type ImporterClient, type Scan, type ScannedRecord } from "@kloset/host";
import { fileTypeOf, type ByteStream } from "@kloset/model";
import { ConnectorRuns, type ConnectorTest, type Run, type TestOptions } from "./connector-runs.js";
import { collect, DEFAULT_MAX_BYTES, TooManyBytes, type Budget } from "./content.js";
import { FaultInjector, type HostFaults, type Interruption } from "./faults.js";
import type { ConnectorModule } from "./module.js";
import { Tree, type AttributeName, type ExtendedAttribute, type TreeEntry } from "./tree.js";

/** An importer that is tested. */
export interface ImporterTest extends ConnectorTest {
  /**
   * Backs up everything that the importer yields. The first call uses the connector that `testImporter` has started;
   * each further call starts another one, as Plakar starts a process for each backup. The connector is closed at the end.
   *
   * @throws PluginError if the scan fails as a whole, what the connector's `close()` throws, the reason of `signal`, and
   * RangeError for a fault that did not happen, or for more content than `maxBytes`.
   */
  backup(options?: BackupTestOptions): Promise<BackupResult>;
}

/** Options of {@link ImporterTest.backup}. */
export interface BackupTestOptions {
  /**
   * Entries that the host reports as not stored, by pathname, with the error text for `acknowledge`. Released hosts
   * report no errors, and v1.0 hosts acknowledge nothing.
   */
  readonly rejected?: Readonly<Record<string, string>> | undefined;
  /** Returns true for an entry whose content the host does not read, because it has it from the last snapshot. */
  readonly unchanged?: ((record: ScannedRecord) => boolean) | undefined;
  /** Number of entries that the host processes at the same time. Default: `maxConcurrency` of the host's options, or 1. */
  readonly maxConcurrency?: number | undefined;
  /** Largest amount of content to keep, in bytes, of all entries together. Default: 256 MiB. */
  readonly maxBytes?: number | undefined;
  /** Misbehavior of the host. */
  readonly faults?: HostFaults | undefined;
  /** Cancels the backup. */
  readonly signal?: AbortSignal | undefined;
}

/** An entry, or an extended attribute of it, that could not be backed up or restored. */
export interface EntryError {
  readonly pathname: string;
  /** Name of the extended attribute; absent if the entry itself failed. */
  readonly attribute?: string;
  /** The text that the user sees. */
  readonly message: string;
}

/** An acknowledgement that the host has sent. */
export interface SentAcknowledgement {
  readonly pathname: string;
  /** Name of the extended attribute; absent for the entry itself. */
  readonly attribute?: string;
  /** Number of bytes of the content, if the host has read it. */
  readonly size?: number;
  /** Why the entry was not stored; absent on success. */
  readonly error?: string;
}

/** The result of a backup. */
export interface BackupResult {
  /** The entries that the host has received, with their contents. */
  readonly tree: Tree;
  /** The entries that could not be scanned, read or stored, in the order of the backup. */
  readonly errors: readonly EntryError[];
  /** The acknowledgements that the host has sent, in order. Empty for v1.0 hosts. */
  readonly acknowledged: readonly SentAcknowledgement[];
  /** The fault that ended the backup early, or undefined. The tree is then incomplete. */
  readonly interruption: Interruption | undefined;
}

/**
 * Starts an importer in memory, in the form in which Plakar would start it, and sends Init.
 *
 * @param module - The default export of the plugin's module, or a factory.
 * @throws TypeError for anything else, RangeError for an invalid option, and PluginError with the text that the user would
 * see if Init fails.
 * @example
 * await using importer = await testImporter(notes, { location: "notes:///", config: { token: "hush" } });
 * const { tree, errors } = await importer.backup();
 */
export async function testImporter(module: ConnectorModule<"importer">, options: TestOptions): Promise<ImporterTest> {
  const runs = await ConnectorRuns.start("importer", module, options, "testImporter");
  return {
    identity: runs.identity,
    backup: (backupOptions = {}) => runs.once((run) => backUp(run, backupOptions)),
    close: () => runs.close(),
    [Symbol.asyncDispose]: () => runs.close(),
  };
}

async function backUp(run: Run<ImporterClient>, options: BackupTestOptions): Promise<BackupResult> {
  const injector = new FaultInjector(options.faults ?? {}, run.plugin, options.signal);
  const rejected = new Map(Object.entries(options.rejected ?? {}));
  const acknowledged: SentAcknowledgement[] = [];
  const received = new ReceivedTree();
  const budget: Budget = { left: options.maxBytes ?? DEFAULT_MAX_BYTES };
  const store = async (record: ScannedRecord, content: ByteStream | undefined): Promise<void> => {
    const text = rejected.get(record.pathname);
    if (text !== undefined && record.attribute === undefined) throw new Error(text);
    const isRead = content !== undefined && options.unchanged?.(record) !== true;
    const bytes = isRead ? await collect(injector.through(record.pathname, content), budget) : undefined;
    received.add(record, bytes);
    injector.addEntries(1);
  };
  const fail = (record: ScannedRecord, error: Error): void => {
    if (error instanceof TooManyBytes) throw error;
    received.fail(record, error);
    injector.addEntries(1);
  };
  try {
    injector.addEntries(0);
    const watched = watch(run, rejected, (acknowledgement) => {
      if (injector.interruption === undefined) acknowledged.push(acknowledgement);
    });
    const { signal } = injector;
    await backup(watched, { record: store, error: fail }, { maxConcurrency: options.maxConcurrency, signal });
  } catch (error) {
    if (injector.interruption === undefined) throw error;
  } finally {
    injector.dispose();
  }
  injector.assertHappened();
  if (injector.interruption === undefined) received.assertSent("rejected", rejected.keys());
  return { ...received.result(), acknowledged, interruption: injector.interruption };
}

/** Returns a client that reports errors of the test's choice, and every acknowledgement. */
function watch(
  { client, close }: Run<ImporterClient>,
  rejected: ReadonlyMap<string, string>,
  onAcknowledge: (acknowledgement: SentAcknowledgement) => void,
): ImporterClient {
  return {
    generation: client.generation,
    like: client.like,
    options: client.options,
    identity: (signal) => client.identity(signal),
    ping: (signal) => client.ping(signal),
    open: (record, signal) => client.open(record, signal),
    close,
    scan: (signal): Scan => {
      const scan = client.scan(signal);
      return {
        [Symbol.asyncIterator]: () => scan[Symbol.asyncIterator](),
        finish: () => scan.finish(),
        acknowledge: async (record, result = {}) => {
          const error = record.attribute === undefined ? rejected.get(record.pathname) : undefined;
          await scan.acknowledge(record, { ...result, error });
          if (client.generation === "v1.0") return;
          const { size } = result;
          onAcknowledge({
            ...nameOf(record),
            ...(size !== undefined && { size }),
            ...(error !== undefined && { error }),
          });
        },
      };
    },
  };
}

function nameOf({ pathname, attribute }: ScannedRecord): Pick<EntryError, "pathname" | "attribute"> {
  return { pathname, ...(attribute !== undefined && { attribute: attribute.name }) };
}

/** The entries that a host has received. */
class ReceivedTree {
  readonly #entries = new Map<string, Omit<TreeEntry, "extendedAttributes">>();
  readonly #attributes = new Map<string, Map<string, ExtendedAttribute>>();
  readonly #errors: EntryError[] = [];
  readonly #sent = new Set<string>();

  /** @throws Error for an entry that was received before. */
  add(record: ScannedRecord, content: Uint8Array | undefined): void {
    const { pathname, attribute, fileInfo, target } = record;
    this.#sent.add(pathname);
    if (attribute !== undefined) {
      const attributes = this.#attributes.get(pathname) ?? new Map<string, ExtendedAttribute>();
      if (content !== undefined) attributes.set(attribute.name, { kind: attribute.kind, value: content });
      this.#attributes.set(pathname, attributes);
    } else if (this.#entries.has(pathname)) {
      throw new Error(`the importer has sent ${JSON.stringify(pathname)} before; Plakar ends the backup`);
    } else if (fileInfo !== undefined) {
      this.#entries.set(pathname, {
        pathname,
        type: fileTypeOf(fileInfo.mode),
        fileInfo,
        target,
        content,
        compared: COMPARED,
      });
    }
  }

  fail(record: ScannedRecord, { message }: Error): void {
    this.#sent.add(record.pathname);
    this.#errors.push({ ...nameOf(record), message });
  }

  /** @throws RangeError for a pathname that was not received. */
  assertSent(option: string, pathnames: Iterable<string>): void {
    for (const pathname of pathnames) {
      if (!this.#sent.has(pathname)) {
        throw new RangeError(`${option}: the importer has sent no entry ${JSON.stringify(pathname)}`);
      }
    }
  }

  result(): Pick<BackupResult, "tree" | "errors"> {
    const errors = [...this.#errors];
    for (const [pathname, attributes] of this.#attributes) {
      if (this.#entries.has(pathname)) continue;
      for (const attribute of attributes.keys()) {
        errors.push({ pathname, attribute, message: "the importer has sent no entry for this extended attribute" });
      }
    }
    const entries = [...this.#entries.values()].map((entry) => ({
      ...entry,
      extendedAttributes: this.#attributes.get(entry.pathname) ?? new Map<string, ExtendedAttribute>(),
    }));
    return { tree: new Tree(entries), errors };
  }
}

/** Attributes that differ between two backups only if the source has changed. */
const COMPARED: readonly AttributeName[] = ["permissions", "modTime", "uid", "gid"];
