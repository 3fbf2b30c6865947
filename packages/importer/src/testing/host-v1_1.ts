import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type connectors, importer as wire } from "@kloset/protocol/v1.1";
import { deferred } from "@kloset/test-support";

/** The host's side of an Import: a stream of results controlled by the test. */
export class Results implements AsyncIterable<wire.ImportRequest> {
  readonly #waiting: wire.ImportRequest[] = [];
  #ended = false;
  #failure: Error | undefined;
  #wake = deferred();

  /** Acknowledges a record by echoing it, as hosts do. */
  acknowledge(header: MessageInitShape<typeof connectors.RecordSchema> | undefined, error = ""): void {
    this.#waiting.push(create(wire.ImportRequestSchema, { result: { ...(header && { header }), error } }));
    this.#wake.resolve(undefined);
  }

  halfClose(): void {
    this.#ended = true;
    this.#wake.resolve(undefined);
  }

  breakOff(error: Error): void {
    this.#failure = error;
    this.#wake.resolve(undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<wire.ImportRequest, void, undefined> {
    for (;;) {
      while (this.#waiting.length > 0) yield* this.#waiting.splice(0, 1);
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return;
      await this.#wake.promise;
      this.#wake = deferred();
    }
  }
}

/** Starts an Import, on a client or on the service itself. */
type Import = (results: Results) => AsyncIterable<MessageInitShape<typeof wire.ImportResponseSchema>>;

/**
 * Runs a complete Import as a host does.
 *
 * @param use - Called with each record before it is acknowledged.
 */
export async function importAll(
  start: Import,
  use: (record: connectors.Record) => Promise<void> | void = () => undefined,
): Promise<connectors.Record[]> {
  const results = new Results();
  const records: connectors.Record[] = [];
  let finished = false;
  for await (const response of start(results)) {
    const { record, finished: last } = create(wire.ImportResponseSchema, response);
    if (finished) throw new Error("a message came after the last");
    if (last) {
      finished = true;
      results.halfClose();
      continue;
    }
    if (record === undefined) throw new Error("expected a record");
    records.push(record);
    await use(record);
    results.acknowledge(record);
  }
  if (!finished) throw new Error("the stream ended without its last message");
  return records;
}
