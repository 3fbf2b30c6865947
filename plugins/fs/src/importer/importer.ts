import { lstatSync, statSync } from "node:fs";
import { hostname } from "node:os";
import {
  defineImporter,
  LocationFlag,
  type ByteSource,
  type CallContext,
  type ConnectContext,
  type Entry,
  type EntryRef,
  type Importer,
} from "@kloset/sdk";
import { option, type ConfigOf } from "@kloset/sdk/config";
import { directoryOf } from "../fs/location.js";
import { Notices } from "../fs/notices.js";
import { splitPathname } from "../fs/pathname.js";
import { loadExtendedAttributes, type ExtendedAttributes } from "../xattr/xattr.js";
import { Accounts } from "./accounts.js";
import { AttributeLister } from "./attributes.js";
import { ChangingFiles } from "./changing-files.js";
import { reach } from "./directory-access.js";
import { Excludes } from "./excludes.js";
import { Fence } from "./fence.js";
import { Inspector } from "./inspect.js";
import { KeptDirectories } from "./kept-directories.js";
import { readFile } from "./read-file.js";
import { resolveLocation, type ResolvedLocation } from "./resolve-location.js";
import { scan, type ScanOptions } from "./scan.js";

const config = {
  changing: option.enum(["keep", "fail"], {
    default: "keep",
    description: "Keep a file that changes while it is read, or report it as an error.",
  }),
  dont_traverse_fs: option.boolean({
    default: false,
    description: "Leave out mount points of other file systems.",
  }),
  ignore_inode: option.boolean({
    default: false,
    description:
      "Leave out numbers of devices and inodes, where they differ in each backup (btrfs and LVM snapshots, NFS, FUSE).",
  }),
  noxattr: option.boolean({ default: false, description: "Leave out extended attributes." }),
  xattr_exclude: option
    .list(option.string(), { description: "Leave out extended attributes with these names, such as `security.*`." })
    .optional(),
  xattr_include: option
    .list(option.string(), { description: "Back up only extended attributes with these names, such as `user.*`." })
    .optional(),
};

/** The parsed options of the user. */
export type ImporterConfig = ConfigOf<typeof config>;

/** Backs up a folder, or a single file, of the local file system. */
export class FsImporter implements Importer {
  readonly #origin: string;
  readonly #root: string;
  readonly #notices: Notices;
  readonly #changes: ChangingFiles;
  readonly #attributes: ExtendedAttributes | undefined;
  readonly #walk: ScanOptions;
  readonly #directories: KeptDirectories;
  /** Resolved once, so that a location that is a symbolic link cannot change its target later. */
  readonly #location: ResolvedLocation;

  /**
   * @param load - Loads the library for extended attributes; replaced in tests.
   * @throws Error if the location is not an absolute path or does not exist.
   */
  constructor(
    context: ConnectContext<ImporterConfig>,
    load: () => ExtendedAttributes | undefined = loadExtendedAttributes,
  ) {
    const { config, options, protocol } = context;
    this.#root = directoryOf(context);
    // Fails here rather than in the scan: a backup of nothing must not look like a success.
    lstatSync(this.#root);
    this.#origin = options.hostname === "" ? hostname() : options.hostname;
    const noXattr = config.noxattr || options.noXattr;
    this.#attributes = noXattr ? undefined : load();
    const notices = new Notices(protocol);
    this.#notices = notices;
    this.#changes = new ChangingFiles(config.changing, notices);
    if (!noXattr && this.#attributes === undefined) {
      notices.once("extended attributes are not backed up: the native library for them cannot be loaded");
    }
    const patterns = { include: config.xattr_include, exclude: config.xattr_exclude };
    const lister = this.#attributes && new AttributeLister(this.#attributes, patterns, notices);
    this.#location = resolveLocation(this.#root);
    this.#walk = {
      inspector: new Inspector(new Accounts(), lister, notices),
      excludes: options.excludes.length === 0 ? undefined : new Excludes(options.excludes),
      oneFileSystem: config.dont_traverse_fs,
      fence: this.#location.top === undefined ? undefined : Fence.around(this.#location.top),
      notices,
      ignoreInode: config.ignore_inode,
    };
    this.#directories = new KeptDirectories(this.#walk.fence);
  }

  origin(): string {
    return this.#origin;
  }

  type(): string {
    return "fs";
  }

  /** Returns the location, or its parent if the location is not a directory: Plakar 1.1.0 needs one. */
  root(): string {
    const isDirectory = statSync(this.#root, { throwIfNoEntry: false })?.isDirectory() === true;
    return isDirectory ? this.#root : splitPathname(this.#root).parent;
  }

  flags(): number {
    return LocationFlag.LOCALFS;
  }

  ping(): void {
    lstatSync(this.#root);
  }

  scan({ signal }: CallContext): AsyncIterable<Entry> {
    return scan(this.#location, this.#walk, signal);
  }

  /** Opens by pathname, so that a scan of millions of files keeps no state for them. */
  open(ref: EntryRef, context: CallContext): Promise<ByteSource> | ByteSource {
    // Not left to Node, whose TypeError would be logged as a mistake in this program.
    if (ref.pathname.includes("\0")) throw new Error(`${JSON.stringify(ref.pathname)} holds a NUL`);
    if (ref.attribute === undefined) {
      return readFile(ref.pathname, {
        context,
        fence: this.#walk.fence,
        directories: this.#directories,
        changes: this.#changes,
      });
    }
    const { kind, name } = ref.attribute;
    const attributes = this.#attributes;
    if (attributes === undefined || kind !== "extended") {
      throw new Error(
        `the scan found no extended attribute ${JSON.stringify(name)} on ${JSON.stringify(ref.pathname)}`,
      );
    }
    return reach(ref.pathname, this.#walk.fence, (path) => attributes.get(path, name));
  }

  close(): void {
    this.#directories.close();
    this.#walk.fence?.close();
    this.#notices.end();
  }
}

/** The importer for a location like `tsfs:///dir`. */
export default defineImporter({ config, connect: (context) => new FsImporter(context) });
