import { fileInfoOf, type Importer } from "@kloset/sdk";
import { contentOf } from "./content.js";

const DIGITS = 7;
/** Of every entry, in nanoseconds since 1970. */
const MOD_TIME = 1_700_000_000_000_000_000n;
const owner = { username: "root", groupname: "root" };

/** A directory and `files` files of `size` bytes; content is opened by name, so that nothing is held for it. */
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
