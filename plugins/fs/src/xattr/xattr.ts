import { createRequire } from "node:module";
import { constants } from "node:os";

/**
 * The extended attributes of files, directories and symbolic links.
 *
 * No call follows a symbolic link in the last component of the path: a link's
 * own attributes are meant, never its target's (the library makes the `l…xattr`
 * system calls). What fails throws an `Error` with the system's name of the
 * failure as `code` ("EPERM", "ENOSPC", …) and the path in its message.
 */
export interface ExtendedAttributes {
  /**
   * @returns The names, as "user.color". None on a file system that has no extended attributes.
   * @throws When the attributes can not be listed; also (code `EILSEQ`) when one of
   * the names is not UTF-8: then none of them can be listed.
   */
  list(path: string): string[];
  /**
   * @returns The value, which may be empty.
   * @throws When there is no such attribute (code `ENODATA`), or it can not be read.
   */
  get(path: string, name: string): Uint8Array;
  /**
   * Sets an attribute, replacing its value.
   *
   * @throws When the file system has no extended attributes (code `ENOTSUP`), the
   * value is too large for it (`E2BIG`, `ENOSPC`, `ERANGE`), or it is not allowed.
   */
  set(path: string, name: string, value: Uint8Array): void;
}

/** The part of `@napi-rs/xattr` that is used here. */
interface NativeLibrary {
  listAttributesSync(path: string): string[];
  getAttributeSync(path: string, name: string): Uint8Array | null;
  setAttributeSync(path: string, name: string, value: Uint8Array): void;
}

/**
 * Loads the native library: the file beside a packed executable (for
 * `tsfs-importer.cjs` it is `tsfs-importer-xattr.node`), else the npm package
 * `@napi-rs/xattr`.
 *
 * @returns undefined when there is none for this platform, or it does not load.
 * The caller says so, once, on stderr, and goes on without extended attributes.
 */
export function loadExtendedAttributes(): ExtendedAttributes | undefined {
  return loadExtendedAttributesBeside(import.meta.filename);
}

/**
 * The same for the module at a given path.
 *
 * @param module - Path of the executable, or of a module in the repository.
 */
export function loadExtendedAttributesBeside(module: string): ExtendedAttributes | undefined {
  for (const load of [loadFile, loadPackage]) {
    try {
      return extendedAttributesOf(load(module) as NativeLibrary);
    } catch {
      // Absent, for another platform, or broken: the next one, if any.
    }
  }
  return undefined;
}

/** Not by `require`, which first looks for package.json files all the way up. */
function loadFile(module: string): unknown {
  const library = { exports: {} };
  process.dlopen(library, module.replace(/\.[^./\\]*$/, "-xattr.node"));
  return library.exports;
}

function loadPackage(module: string): unknown {
  // Not named "require": a bundler would take it for one, and the wrapper package breaks in a bundle.
  const load = createRequire(module);
  return load("@napi-rs/xattr");
}

function extendedAttributesOf(native: NativeLibrary): ExtendedAttributes {
  if (typeof native.listAttributesSync !== "function") throw new TypeError("not the library for extended attributes");
  return {
    list(path) {
      try {
        return native.listAttributesSync(path);
      } catch (error) {
        const failure = failureOf(error, path, "list extended attributes");
        if (failure.code !== undefined && UNSUPPORTED.has(failure.code)) return [];
        throw failure;
      }
    },
    get(path, name) {
      let value: Uint8Array | null;
      try {
        value = native.getAttributeSync(path, name);
      } catch (error) {
        throw failureOf(error, path, `get extended attribute ${JSON.stringify(name)}`);
      }
      if (value === null) {
        throw withCode(
          new Error(`ENODATA: no extended attribute ${JSON.stringify(name)}, get ${quote(path)}`),
          "ENODATA",
        );
      }
      return value;
    },
    set(path, name, value) {
      try {
        native.setAttributeSync(path, name, value);
      } catch (error) {
        throw failureOf(error, path, `set extended attribute ${JSON.stringify(name)}`);
      }
    },
  };
}

/** What a system says that has no extended attributes. */
const UNSUPPORTED = new Set(["ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** The library gives the number of a failure only in its text: "No such file or directory (os error 2)". */
const OS_ERROR = /^(.*) \(os error (\d+)\)$/s;

/** ENOTSUP last: where it has the number of EOPNOTSUPP (Linux) it is the name to use. */
const CODES = new Map(
  [...Object.entries(constants.errno), ["ENOTSUP", constants.errno.ENOTSUP] as const].map(([code, number]) => [
    number,
    code,
  ]),
);

type Failure = Error & { code?: string };

function failureOf(error: unknown, path: string, action: string): Failure {
  // By its shape: an error that native code makes may belong to another realm.
  const message = (error as { message?: unknown } | null)?.message;
  if (typeof message !== "string") return new Error(`${String(error)}, ${action} ${quote(path)}`);
  const match = OS_ERROR.exec(message);
  if (match?.[1] !== undefined) {
    const code = CODES.get(Number(match[2]));
    const text = match[1].charAt(0).toLowerCase() + match[1].slice(1);
    if (code !== undefined) return withCode(new Error(`${code}: ${text}, ${action} ${quote(path)}`), code);
  }
  // The only other failure: it decodes all names at once, and gives up at one that is not UTF-8.
  if (message.startsWith("Invalid attribute: ")) {
    const name = message.slice("Invalid attribute: ".length);
    return withCode(
      new Error(`EILSEQ: name of an extended attribute is not UTF-8: ${name}, ${action} ${quote(path)}`),
      "EILSEQ",
    );
  }
  return new Error(`${message}, ${action} ${quote(path)}`);
}

function withCode(error: Error, code: string): Failure {
  return Object.assign(error, { code });
}

function quote(path: string): string {
  return `'${path}'`;
}
