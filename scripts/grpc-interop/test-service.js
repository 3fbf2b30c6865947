// The implementation of TestService, as gRPC's interop suite describes it.
import { setTimeout } from "node:timers/promises";
import { Code, StatusError } from "@kloset/wire/grpc";

const COMPRESSABLE = 0;

/**
 * Creates an implementation.
 *
 * @returns The implementation, and a function that returns the number of calls that have not ended.
 */
export function testService() {
  let running = 0;
  const counted = async (answer) => {
    running += 1;
    try {
      return await answer();
    } finally {
      running -= 1;
    }
  };
  const countedStream = async function* (responses) {
    running += 1;
    try {
      yield* responses;
    } finally {
      running -= 1;
    }
  };
  const implementation = {
    emptyCall: () => ({}),
    unaryCall({ responseStatus, responseType, responseSize }) {
      throwIfFailed(responseStatus);
      return { payload: payloadOf(responseType, responseSize) };
    },
    streamingOutputCall: (request, { signal }) => countedStream(responsesTo(request, signal)),
    streamingInputCall: (requests) =>
      counted(async () => {
        let aggregatedPayloadSize = 0;
        for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
        return { aggregatedPayloadSize };
      }),
    fullDuplexCall: (requests, { signal }) =>
      countedStream(
        (async function* () {
          for await (const request of requests) {
            throwIfFailed(request.responseStatus);
            yield* responsesTo(request, signal);
          }
        })(),
      ),
  };
  return { implementation, running: () => running };
}

async function* responsesTo({ responseType, responseParameters }, signal) {
  for (const { size, intervalUs } of responseParameters) {
    if (intervalUs > 0) await setTimeout(intervalUs / 1000, undefined, { signal });
    yield { payload: payloadOf(responseType, size) };
  }
}

function payloadOf(type, size) {
  if (type !== COMPRESSABLE) throw new StatusError(`unsupported payload type: ${type}`, Code.InvalidArgument);
  if (size < 0) throw new StatusError(`invalid response size: ${size}`, Code.InvalidArgument);
  return { type, body: new Uint8Array(size) };
}

function throwIfFailed(status) {
  if (status !== undefined && status.code !== 0) throw new StatusError(status.message, status.code);
}
