/** Counts what no one caught: in a plugin each would be an error of the SDK's. */
export class Crashes {
  readonly #seen: string[] = [];

  /** Begins to watch this process. */
  watch(): void {
    process.on("uncaughtException", this.#see("uncaught"));
    process.on("unhandledRejection", this.#see("unhandled"));
    // MaxListenersExceededWarning is a leak, TimeoutOverflowWarning a deadline that passes at once.
    process.on("warning", this.#see("warning"));
  }

  /** How many came since the last {@link Crashes.take}. */
  get seen(): number {
    return this.#seen.length;
  }

  /** What came since the last call. */
  take(): string[] {
    return this.#seen.splice(0);
  }

  #see(what: string): (error: unknown) => void {
    return (error) => {
      this.#seen.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    };
  }
}
