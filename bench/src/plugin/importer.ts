import { fileInfoOf, type Importer } from "@kloset/sdk";
import { contentOf } from "./content.js";

const DIGITS = 7;
/** The modification time of every entry, in nanoseconds since 1970. */
const MOD_TIME = 1_700_000_000_000_000_000n;
const owner = { username: "root", groupname: "root" };

/** Makes an importer of a directory with `files` files of `size` bytes. Content is opened by name, so entries hold no state. */
export function syntheticImporter(files: number, size: number): Importer {
  return {
    origin: () => "localhost",
    type: () => "synthetic",
    root: () => "/",
    *scan() {
      yield {
        pathname: "/",
        fileInfo: fileInfoOf({ type: "directory", ...owner, modTime: MOD_TIME, dev: 1n, ino: 1n }),
      };
      for (let n = 0; n < files; n++) {
        const name = `f${String(n).padStart(DIGITS, "0")}`;
        yield {
          pathname: `/${name}`,
          fileInfo: fileInfoOf({ name, size, ...owner, modTime: MOD_TIME, dev: 1n, ino: BigInt(n + 2) }),
        };
      }
    },
    open: ({ pathname }) => contentOf(numberOf(pathname, files), size),
    close: () => undefined,
  };
}

function numberOf(pathname: string, files: number): number {
  const number = /^\/f\d{7,}$/.test(pathname) ? Number(pathname.slice("/f".length)) : NaN;
  if (!(number < files)) throw new Error(`open ${pathname}: no such file`);
  return number;
}
