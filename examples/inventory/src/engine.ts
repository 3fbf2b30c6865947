import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import * as v from "valibot";

/** The longest answer: that of some 30,000 containers. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_CHARACTERS = 1000;

const refusal = v.object({ message: v.string() });

/** Docker's Engine API, which Podman serves too, on a Unix socket. */
export class Engine {
  readonly #socketPath: string;
  readonly #timeoutMs: number;

  /** @param timeoutMs - Time limit for a whole answer, in milliseconds. At most 24 days. */
  constructor(socketPath: string, timeoutMs: number) {
    this.#socketPath = socketPath;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Sends a GET request and parses the answer.
   *
   * @throws Error that names the request, if the engine cannot be reached, does not answer in time, refuses, or answers with
   * anything but what the schema describes. The signal's reason when it is aborted.
   */
  async get<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<v.InferOutput<Schema>> {
    const { status, text } = await this.#fetch(path, signal);
    const json = parsedJson(text);
    if (status !== 200) {
      const reason = v.is(refusal, json) ? json.message : text.trim();
      throw new Error(`GET ${path}: the engine answered ${status}: ${reason.slice(0, MAX_ERROR_CHARACTERS)}`);
    }
    const result = v.safeParse(schema, json);
    if (result.success) return result.output;
    const [{ message }] = result.issues;
    const place = v.getDotPath(result.issues[0]) ?? "the whole answer";
    throw new Error(`GET ${path}: the answer is not that of a container engine: ${place}: ${message}`);
  }

  async #fetch(path: string, signal: AbortSignal): Promise<{ readonly status: number; readonly text: string }> {
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort(new Error(`GET ${path}: the engine did not answer within ${this.#timeoutMs / 1000} s`));
    }, this.#timeoutMs);
    try {
      signal.throwIfAborted();
      const call = request({
        socketPath: this.#socketPath,
        path,
        headers: { host: "localhost" },
        agent: false,
        signal: AbortSignal.any([signal, limit.signal]),
      });
      // Without a listener, an error after the response would be uncaught. Reading the response reports it.
      call.on("error", () => undefined);
      const [response] = (await once(call.end(), "response")) as [IncomingMessage];
      return { status: response.statusCode ?? 0, text: await textOf(response) };
    } catch (error) {
      signal.throwIfAborted();
      limit.signal.throwIfAborted();
      const { message } = error as Error;
      throw new Error(`GET ${path} on the socket ${JSON.stringify(this.#socketPath)}: ${message}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Reads an answer of limited size. Leaving the loop closes the connection. */
async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Returns undefined for a text that is not JSON, which no schema accepts. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
