import { JobError } from "../errors.js";

/** The failed entries of a job. */
export class JobFailures {
  readonly #job: "backup" | "restore";
  #count = 0;
  #first = "";

  constructor(job: "backup" | "restore") {
    this.#job = job;
  }

  note(pathname: string, error: Error): void {
    if (this.#count++ === 0) this.#first = `${JSON.stringify(pathname)}: ${error.message}`;
  }

  /** @throws JobError if an entry failed. */
  assertNone(): void {
    if (this.#count > 0) throw new JobError(this.#job, this.#count, this.#first);
  }
}
