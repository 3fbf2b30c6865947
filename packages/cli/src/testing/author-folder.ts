import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A folder of an author, outside of the repository, with the repository's packages installed. */
export class AuthorFolder {
  readonly path: string;
  readonly #top: string;

  /** @param below - Folders above it, so that two of them have different depths. */
  constructor(below = "project") {
    this.#top = realpathSync(mkdtempSync(join(tmpdir(), "kloset-author-")));
    this.path = join(this.#top, below);
    mkdirSync(this.path, { recursive: true });
    symlinkSync(fileURLToPath(new URL("../../../../node_modules", import.meta.url)), join(this.path, "node_modules"));
  }

  /** Writes a file, and returns its absolute path. */
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.#top, { recursive: true });
  }
}
