/** Collects uncaught errors and warnings of this process: each is a bug in the SDK. */
export class Crashes {
  readonly #seen: string[] = [];

  /** Installs the listeners. */
  watch(): void {
    process.on("uncaughtException", this.#see("uncaught"));
    process.on("unhandledRejection", this.#see("unhandled"));
    // MaxListenersExceededWarning means a leak, TimeoutOverflowWarning a deadline that expires at once.
    process.on("warning", this.#see("warning"));
  }

  /** The number of errors since the last {@link Crashes.take}. */
  get seen(): number {
    return this.#seen.length;
  }

  /** Returns the errors since the last call. */
  take(): string[] {
    return this.#seen.splice(0);
  }

  #see(what: string): (error: unknown) => void {
    return (error) => {
      this.#seen.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    };
  }
}
