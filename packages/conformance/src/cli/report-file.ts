import { open, type FileHandle } from "node:fs/promises";

/** Thrown when a report cannot be written, for example because the disk is full. */
export class ReportError extends Error {
  override readonly name = "ReportError";
}

/** The file of a report. It is opened before the first check, so that a wrong path is reported at once. */
export class ReportFile {
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** Opens a file and keeps its content for now. @throws RangeError when it cannot be opened for writing. */
  static async open(path: string): Promise<ReportFile> {
    try {
      return new ReportFile(path, await open(path, "a"));
    } catch (error) {
      throw new RangeError(`cannot write the report: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Replaces the content of the file. @throws ReportError when writing fails. */
  async write(text: string): Promise<void> {
    try {
      // Only a regular file can hold an earlier report.
      if ((await this.#handle.stat()).isFile()) await this.#handle.truncate();
      await this.#handle.writeFile(text);
    } catch (error) {
      throw new ReportError(`cannot write the report ${JSON.stringify(this.#path)}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
