import { createRequire } from "node:module";
import { constants } from "node:os";

/**
 * Accesses the extended attributes of files, directories and symbolic links.
 *
 * No call follows a symbolic link in the last component of the path: it accesses
 * the attributes of the link itself (the library uses the `l…xattr` system calls).
 * Errors have the system's error code as `code` ("EPERM", "ENOSPC", …) and the path
 * in the message.
 */
export interface ExtendedAttributes {
  /**
   * @returns The names, such as "user.color". Empty if the file system does not support extended attributes.
   * @throws Error if the attributes cannot be listed, with code `EILSEQ` if one of
   * the names is not UTF-8: then none of them can be listed.
   */
  list(path: string): string[];
  /**
   * @returns The value, which may be empty.
   * @throws Error if the attribute does not exist (code `ENODATA`) or cannot be read.
   */
  get(path: string, name: string): Uint8Array;
  /**
   * Sets an attribute, replacing its value.
   *
   * @throws Error if the file system does not support extended attributes (code
   * `ENOTSUP`), if the value is too large (`E2BIG`, `ENOSPC`, `ERANGE`), or if it is
   * not permitted.
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
 * Loads the native library.
 *
 * @returns undefined if the library does not exist for this platform or does not
 * load. The caller writes one notice and continues without extended attributes.
 */
export function loadExtendedAttributes(): ExtendedAttributes | undefined {
  try {
    // Not named "require", because a bundler would include the wrapper package, which breaks in a bundle.
    const load = createRequire(import.meta.filename);
    return extendedAttributesOf(load("@napi-rs/xattr") as NativeLibrary);
  } catch {
    // Missing, for another platform, or broken.
    return undefined;
  }
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

/** The error codes of systems that do not support extended attributes. */
const UNSUPPORTED = new Set(["ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** The library reports the error number only in the message: "No such file or directory (os error 2)". */
const OS_ERROR = /^(.*) \(os error (\d+)\)$/s;

/** ENOTSUP comes last, so that it is used where EOPNOTSUPP has the same number (Linux). */
const CODES = new Map(
  [...Object.entries(constants.errno), ["ENOTSUP", constants.errno.ENOTSUP] as const].map(([code, number]) => [
    number,
    code,
  ]),
);

type Failure = Error & { code?: string };

function failureOf(error: unknown, path: string, action: string): Failure {
  // Checked by shape: an error from native code may belong to another realm.
  const message = (error as { message?: unknown } | null)?.message;
  if (typeof message !== "string") return new Error(`${String(error)}, ${action} ${quote(path)}`);
  const match = OS_ERROR.exec(message);
  if (match?.[1] !== undefined) {
    const code = CODES.get(Number(match[2]));
    const text = match[1].charAt(0).toLowerCase() + match[1].slice(1);
    if (code !== undefined) return withCode(new Error(`${code}: ${text}, ${action} ${quote(path)}`), code);
  }
  // The only other failure: the library decodes all names together and fails if one is not UTF-8.
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
