import { open, type FileHandle } from "node:fs/promises";

/** A report that was asked for can not be kept: its disk is full, or has gone. */
export class ReportError extends Error {
  override readonly name = "ReportError";
}

/** A file for a report, opened before anything is checked: nobody waits for minutes to learn that it can not be written. */
export class ReportFile {
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** Opens a file, and leaves in it what it has: the report is not there yet. @throws RangeError when it can not be written. */
  static async open(path: string): Promise<ReportFile> {
    try {
      return new ReportFile(path, await open(path, "a"));
    } catch (error) {
      throw new RangeError(`can not write a report: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Replaces what the file has. @throws ReportError when it can not be written any more. */
  async write(text: string): Promise<void> {
    try {
      // What is no file, as a pipe, has no earlier report.
      if ((await this.#handle.stat()).isFile()) await this.#handle.truncate();
      await this.#handle.writeFile(text);
    } catch (error) {
      throw new ReportError(`can not write the report ${JSON.stringify(this.#path)}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
