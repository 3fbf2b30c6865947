import { realpath } from "node:fs/promises";
import {
  cleanPathname,
  defineExporter,
  fileTypeOf,
  LocationFlag,
  resolveBelow,
  type ByteStream,
  type Exporter,
  type ExtendedAttributeKind,
  type FileInfo,
  type LinkKind,
  type StoreFileContext,
} from "@kloset/sdk";
import { option, type Option } from "@kloset/sdk/config";
import { BLOCKING_MAX, lstat, mkdir } from "../fs/calls.js";
import { codeOf, hasCode, systemError } from "../fs/errors.js";
import { directoryOf } from "../fs/location.js";
import { makePath } from "../fs/make-path.js";
import { Notices } from "../fs/notices.js";
import { splitPathname } from "../fs/pathname.js";
import { removeLeftovers } from "../fs/remove-leftovers.js";
import { mayReplaceAtOnce, replaceFile, replaceSmallFile } from "../fs/replace-file.js";
import { temporaryName } from "../fs/temporary-name.js";
import { throwIfAborted } from "../fs/throw-if-aborted.js";
import { attributeFilter, type AttributePatterns } from "../xattr/attribute-filter.js";
import { loadExtendedAttributes, type ExtendedAttributes } from "../xattr/xattr.js";
import { AttributeSetter } from "./attributes.js";
import { throughLink, type Directories, type Directory } from "./directories.js";
import { DirectoryHandles } from "./directory-handles.js";
import { DirectoryPaths } from "./directory-paths.js";
import { makeHardLink, makeSymlink, moveOver } from "./links.js";
import { makeFifo } from "./make-fifo.js";
import { OWNER_POLICIES, Permissions, type OwnerPolicy } from "./permissions.js";
import { isRefusal, noteRefusal } from "./refusals.js";
import { setTimesNow } from "./set-times.js";
import { Twins } from "./twins.js";

/** The permissions that the owner needs to work in a directory. */
const OWNER_ALL = 0o700;

/** Maximum number of directories that are remembered as clean. The set is cleared when it is full. */
const CLEAN_MAX = 4096;

/** Maximum number of left out entries that are remembered. The attributes of further ones are errors. */
const LEFT_OUT_MAX = 100_000;

/** Maximum number of attribute names of which each gets a notice. */
const NAMED_ATTRIBUTES_MAX = 20;

/** Options of the user, and dependencies that tests replace. */
export interface FsExporterOptions {
  /**
   * Writes holes in place of blocks of zeros. Default: false, because a snapshot
   * does not record where its source had holes. A later write into a hole needs
   * space that may no longer be free, and a swap file must not have holes.
   */
  readonly sparse?: boolean;
  /** The treatment of owners. Default: "auto". */
  readonly owner?: OwnerPolicy;
  /** The extended attributes to restore. Default: all. */
  readonly attributes?: AttributePatterns;
  /** Called once, before the first extended attribute is set. */
  readonly loadAttributes?: () => ExtendedAttributes | undefined;
  /** Receives notices for the user. */
  readonly notices?: Notices;
}

/** An entry and its parent directory. */
interface Place {
  readonly directory: Directory;
  readonly name: string;
  /** The path that the user knows, for messages. */
  readonly path: string;
}

/** The first chunks of a stream. */
interface Beginning {
  /** The whole content, if it came in one small chunk. */
  readonly small: Uint8Array | undefined;
  readonly chunks: readonly Uint8Array[];
  /** Where they come from. */
  readonly stream: ByteStream;
  /** The stream after them. */
  readonly rest: AsyncIterator<Uint8Array>;
}

/**
 * Restores to a directory of a POSIX file system. Never touches anything outside
 * of it, whatever the snapshot contains: see {@link Directories}.
 */
export class FsExporter implements Exporter {
  readonly #root: string;
  readonly #directories: Directories;
  readonly #sparse: boolean;
  readonly #loadAttributes: () => ExtendedAttributes | undefined;
  readonly #isRestored: (attribute: string) => boolean;
  readonly #notices: Notices;
  readonly #permissions: Permissions;
  #attributes: AttributeSetter | undefined;
  /** Directories that contain no leftovers of killed processes. */
  readonly #clean = new Set<string>();
  /** The pathnames of files that were stored with these permissions and times. */
  readonly #isSet = new WeakMap<FileInfo, string>();
  /** Entries that the target cannot keep. Their permissions and attributes are left out, too. */
  readonly #leftOut = new Set<string>();
  /** Names of attributes that the target has refused. */
  readonly #refusedAttributes = new Set<string>();
  /** Undefined until the first entry is made; then null for a target that distinguishes names by case. */
  #twins: Twins | null | undefined;
  #finding: Promise<Twins | null> | undefined;

  /**
   * @param root - Path of the restore's root as the user wrote it. Must exist.
   * @param directories - The directories below the root.
   */
  constructor(root: string, directories: Directories, options: FsExporterOptions = {}) {
    this.#root = root;
    this.#directories = directories;
    this.#sparse = options.sparse ?? false;
    this.#loadAttributes = options.loadAttributes ?? loadExtendedAttributes;
    this.#isRestored = attributeFilter(options.attributes ?? {});
    this.#notices = options.notices ?? new Notices("tsfs");
    this.#permissions = new Permissions(directories, root, this.#notices, options.owner ?? "auto");
  }

  /** Finds out whether the target distinguishes names by case. Otherwise the first entry does. */
  async prepare(): Promise<void> {
    await this.#findTwins();
  }

  root(): string {
    return this.#root;
  }

  type(): string {
    return "fs";
  }

  flags(): number {
    return LocationFlag.LOCALFS;
  }

  /**
   * Makes a directory and its parents, accessible to the owner only: the final
   * permissions are set later. Keeps an existing directory, and gives its owner the
   * permission to work in it if that is missing.
   */
  async createDirectory(name: string): Promise<void> {
    const pathname = cleanPathname(name);
    if (pathname === "/") await this.#allowOwner(pathname);
    else await this.#makeDirectories(pathname);
    await this.#cleanUp(pathname);
  }

  /** Also sets owner, mode and times while the file is open, if it has a `fileInfo` and the target refuses nothing. */
  async storeFile(pathname: string, data: ByteStream, _size: number, context: StoreFileContext): Promise<void> {
    const { fileInfo } = context;
    await this.#make(pathname, async (place) => {
      const beginning = await beginningOf(data);
      const { small } = beginning;
      let isSet: boolean;
      if (small !== undefined && !this.#sparse && mayReplaceAtOnce(small.length)) {
        throwIfAborted(context);
        isSet = await this.#storeSmall(place, small, fileInfo);
      } else {
        isSet = await this.#storeLarge(place, beginning, context);
      }
      if (isSet && fileInfo !== undefined) this.#isSet.set(fileInfo, cleanPathname(pathname));
    });
  }

  /** @returns True if owner, mode and times are set. */
  async #storeSmall({ directory, name }: Place, bytes: Uint8Array, fileInfo: FileInfo | undefined): Promise<boolean> {
    const target = directory.at(name);
    const set = { owner: false, times: false };
    replaceSmallFile({
      target,
      temporary: directory.at(temporaryName()),
      bytes,
      written: (fd) => {
        if (fileInfo !== undefined) set.owner = this.#permissions.setOpenNow(fd, fileInfo);
      },
      // Only now: by an old time, other machines would recognize a temporary file as a leftover.
      renamed: () => {
        if (!set.owner || fileInfo === undefined || directory.fd === undefined) return;
        set.times = setTimesNow(directory.fd, name, fileInfo.modTime);
      },
    });
    if (!set.owner || fileInfo === undefined) return false;
    return set.times || this.#permissions.setTimesOf(target, fileInfo);
  }

  /** @returns True if owner, mode and times are set. */
  async #storeLarge({ directory, name }: Place, beginning: Beginning, context: StoreFileContext): Promise<boolean> {
    const target = directory.at(name);
    const temporary = directory.at(temporaryName());
    const { fileInfo } = context;
    const data = continued(beginning);
    const signal = {
      throwIfAborted: () => {
        throwIfAborted(context);
      },
    };
    const set = { owner: false };
    const written = async (fd: number): Promise<void> => {
      if (fileInfo !== undefined) set.owner = await this.#permissions.setOpen(fd, fileInfo);
    };
    try {
      await replaceFile({ target, temporary, data, signal, sparse: this.#sparse, written });
    } catch (error) {
      await leave(beginning.rest);
      throw error;
    }
    return set.owner && fileInfo !== undefined && this.#permissions.setTimesOf(target, fileInfo);
  }

  async setPermissions(entry: string, fileInfo: FileInfo): Promise<void> {
    const pathname = cleanPathname(entry);
    if (this.#leftOut.has(pathname) || isNeverRestored(fileInfo)) return;
    if (this.#isSet.get(fileInfo) === pathname) return;
    this.#twins?.check(pathname, resolveBelow(this.#root, pathname));
    await this.#permissions.set(pathname, fileInfo);
  }

  async createLink(oldname: string, newname: string, kind: LinkKind): Promise<void> {
    await this.#make(newname, async ({ directory, name, path }) => {
      if (kind === "symbolic") {
        await makeSymlink(oldname, directory, name, path).catch((error: unknown) => {
          // Also the error for a name that the target does not accept.
          if (!isRefusal(error) || hasCode(error, "EINVAL")) throw error;
          this.#leaveOut(newname, "symbolic links left out", error, path);
        });
        return;
      }
      const copy = await this.#place(oldname, (existing) =>
        makeHardLink(existing, directory, name, path, this.#sparse),
      );
      if (copy === undefined) return;
      noteRefusal(this.#notices, "hard links restored as copies", copy.refusal, path);
      await this.#permissions.copy(copy.stats, cleanPathname(newname));
    });
  }

  /** Makes a FIFO. The SDK leaves out sockets and devices. */
  async createSpecial(pathname: string, fileInfo: FileInfo): Promise<void> {
    const type = fileTypeOf(fileInfo.mode);
    await this.#make(pathname, async ({ directory, name, path }) => {
      if (type !== "fifo") throw systemError("ENOTSUP", `a ${type.replace("-", " ")} cannot be restored`, path);
      const temporary = temporaryName();
      try {
        await makeFifo(directory, temporary, path);
      } catch (error) {
        // ENOTSUP: the machine has no program for it.
        if (!isRefusal(error) || hasCode(error, "ENOTSUP")) throw error;
        this.#leaveOut(pathname, "FIFOs left out", error, path);
        return;
      }
      await moveOver(directory, temporary, name, path);
    });
  }

  async setExtendedAttribute(
    pathname: string,
    attribute: string,
    kind: ExtendedAttributeKind,
    value: Uint8Array,
  ): Promise<void> {
    const entry = cleanPathname(pathname);
    if (!this.#isRestored(attribute) || this.#leftOut.has(entry)) return;
    const path = resolveBelow(this.#root, entry);
    const setter = this.#attributeSetter();
    if (kind !== "extended" || setter === undefined) {
      this.#leaveOutAttribute(
        attribute,
        kind === "extended"
          ? "the native library cannot be loaded"
          : `this system has no attributes of the kind ${kind}`,
        path,
      );
      return;
    }
    try {
      if (entry === "/") {
        // With ".", the last component is not a link, which the call would not follow.
        await this.#directories.within("/", (directory) => setter.set(directory, ".", entry, attribute, value));
      } else {
        await this.#place(entry, (place) => setter.set(place.directory, place.name, entry, attribute, value));
      }
    } catch (error) {
      if (!isAttributeRefusal(error, attribute)) throw error;
      this.#leaveOutAttribute(attribute, `the target refuses it with ${codeOf(error) ?? "an error"}`, path);
    }
  }

  /** Tells the user how many entries the target could not keep. Nothing if it kept all. */
  async close(): Promise<void> {
    this.#notices.end();
    await this.#directories.close();
  }

  #leaveOut(pathname: string, kind: string, error: unknown, path: string): void {
    noteRefusal(this.#notices, kind, error, path);
    if (this.#leftOut.size < LEFT_OUT_MAX) this.#leftOut.add(cleanPathname(pathname));
  }

  #leaveOutAttribute(attribute: string, reason: string, path: string): void {
    this.#notices.count("extended attributes left out");
    if (this.#refusedAttributes.has(attribute) || this.#refusedAttributes.size >= NAMED_ATTRIBUTES_MAX) return;
    this.#refusedAttributes.add(attribute);
    this.#notices.once(`the extended attribute ${JSON.stringify(attribute)} is left out: ${reason}`, path);
  }

  #attributeSetter(): AttributeSetter | undefined {
    if (this.#attributes === undefined) {
      const library = this.#loadAttributes();
      if (library !== undefined) this.#attributes = new AttributeSetter(this.#directories, library);
    }
    return this.#attributes;
  }

  async #place<T>(entry: string, work: (place: Place) => Promise<T>): Promise<T> {
    const pathname = cleanPathname(entry);
    const path = resolveBelow(this.#root, pathname);
    if (pathname === "/") throw systemError("EISDIR", "the root of the restore is a directory", path);
    this.#twins?.check(pathname, path);
    const { parent, name } = splitPathname(pathname);
    return this.#directories.within(parent, (directory) => work({ directory, name, path }));
  }

  /** Makes an entry, unless the target would confuse its name with another one. */
  async #make<T>(entry: string, make: (place: Place) => Promise<T>): Promise<T> {
    const twins = this.#twins === undefined ? await this.#findTwins() : this.#twins;
    if (this.#leftOut.size > 0) this.#leftOut.delete(cleanPathname(entry));
    if (twins === null) return this.#place(entry, make);
    return this.#place(entry, (place) => twins.make(cleanPathname(entry), place, () => make(place)));
  }

  /** All calls that wait for the answer continue in their order: the first of two twins is made. */
  #findTwins(): Promise<Twins | null> {
    this.#finding ??= this.#directories
      .within("/", (directory) => Twins.of(directory))
      .then((twins) => (this.#twins ??= twins ?? null))
      .finally(() => {
        this.#finding = undefined;
      });
    return this.#finding;
  }

  async #makeDirectories(pathname: string): Promise<void> {
    try {
      await this.#makeDirectory(pathname);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      // A parent is missing, possibly because another process has removed it.
      await this.#directories.forget();
      for (let slash = pathname.indexOf("/", 1); slash !== -1; slash = pathname.indexOf("/", slash + 1)) {
        await this.#makeDirectory(pathname.slice(0, slash));
      }
      await this.#makeDirectory(pathname);
    }
  }

  /** Removes the unfinished files of restores that were killed, once for each directory. */
  async #cleanUp(pathname: string): Promise<void> {
    if (this.#clean.has(pathname)) return;
    if (this.#clean.size >= CLEAN_MAX) this.#clean.clear();
    this.#clean.add(pathname);
    await this.#directories.within(pathname, (directory) => removeLeftovers(directory.at("."))).catch(() => undefined);
  }

  /** Makes one directory, or accepts an existing one. */
  async #makeDirectory(pathname: string): Promise<void> {
    const closed = await this.#make(pathname, async ({ directory, name, path }) => {
      const at = directory.at(name);
      try {
        await mkdir(at, OWNER_ALL);
        // A new directory contains no leftovers.
        if (this.#clean.size < CLEAN_MAX) this.#clean.add(pathname);
        await this.#directories.renewed(pathname);
        return false;
      } catch (error) {
        if (!hasCode(error, "EEXIST")) throw error;
      }
      const stats = await lstat(at);
      if (stats.isSymbolicLink()) throw throughLink(path, path);
      if (!stats.isDirectory()) throw systemError("EEXIST", "exists and is not a directory", path);
      await this.#directories.found(pathname, stats);
      return (Number(stats.mode & 0o7777n) & OWNER_ALL) !== OWNER_ALL;
    });
    if (closed) await this.#allowOwner(pathname);
  }

  async #allowOwner(pathname: string): Promise<void> {
    await this.#directories.inode(pathname, async (inode) => {
      const mode = Number(inode.stats.mode & 0o7777n);
      if (!inode.stats.isDirectory() || (mode & OWNER_ALL) === OWNER_ALL) return;
      // Another user's directory may still be writable. If it is not, the entries below it fail by name.
      await inode.chmod(mode | OWNER_ALL).catch(() => undefined);
    });
  }
}

/** Reads until it is known whether the content is one small chunk. */
async function beginningOf(stream: ByteStream): Promise<Beginning> {
  const rest = stream[Symbol.asyncIterator]();
  const first = await rest.next();
  if (first.done === true) return { small: new Uint8Array(), chunks: [], stream, rest };
  if (first.value.length > BLOCKING_MAX) return { small: undefined, chunks: [first.value], stream, rest };
  const second = await rest.next();
  if (second.done === true) return { small: first.value, chunks: [first.value], stream, rest };
  return { small: undefined, chunks: [first.value, second.value], stream, rest };
}

/** Continues a stream after its first chunks. Not a generator, which would cost 4 % of the CPU time of large files. */
function continued({ chunks, stream, rest }: Beginning): ByteStream {
  const first = chunks.values();
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    const step = first.next();
    return step.done === true ? rest.next() : Promise.resolve(step);
  };
  return { [Symbol.asyncIterator]: () => ({ next }), release: (chunk) => stream.release?.(chunk) };
}

/** Tells a stream that it is not read any further. The caller has an error already. */
async function leave(rest: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    await rest.return?.();
  } catch {
    // The first error is reported.
  }
}

/** Returns true for a socket, which only its process can make, and a device, whose numbers a snapshot does not contain. */
function isNeverRestored({ mode }: FileInfo): boolean {
  const type = fileTypeOf(mode);
  return type === "socket" || type === "char-device" || type === "block-device";
}

/**
 * Returns true if the target cannot keep an attribute at all: an attribute of a namespace that only a superuser or the
 * system may write, or any on a file system without attributes.
 */
function isAttributeRefusal(error: unknown, attribute: string): boolean {
  if (hasCode(error, "ENOTSUP", "EOPNOTSUPP", "ENOSYS")) return true;
  return !attribute.startsWith("user.") && hasCode(error, "EPERM", "EACCES", "EINVAL");
}

const patterns = (description: string): Option<string[] | undefined> =>
  option.list(option.string(), { description }).optional();

/**
 * The exporter for a location like `tsfs:///dir`. Creates the directory if it is
 * missing. It may be a symbolic link, or be below one.
 */
export default defineExporter({
  config: {
    owner: option.enum(OWNER_POLICIES, {
      default: "auto",
      description:
        "Owners. auto: a superuser sets them, with one notice if the target refuses. require: an entry whose owner is not set fails. ignore: they are not set.",
    }),
    sparse: option.boolean({ default: false, description: "Write holes in place of 32 KiB of zeros or more." }),
    xattr_include: patterns(
      "Restore only extended attributes with these names. * stands for any characters, as in user.*.",
    ),
    xattr_exclude: patterns("Leave out extended attributes with these names, as in security.*,trusted.*."),
  },
  async connect({ config: { sparse, owner, xattr_include: include, xattr_exclude: exclude }, location, protocol }) {
    const root = directoryOf({ location, protocol });
    await makePath(root, OWNER_ALL);
    const directories = (await DirectoryHandles.open(root)) ?? new DirectoryPaths(await realpath(root));
    const attributes = { include, exclude };
    const exporter = new FsExporter(root, directories, { sparse, owner, attributes, notices: new Notices(protocol) });
    await exporter.prepare();
    return exporter;
  },
});
