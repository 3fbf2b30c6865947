import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { importer as v1_1 } from "@kloset/protocol/v1.1";
import type { ImporterServices } from "../sound-importer.js";
import type { Breakage } from "./breakage.js";

type V1_0 = ImporterServices["v1.0"];
type V1_1 = ImporterServices["v1.1"];
type Responses = AsyncIterable<MessageInitShape<typeof v1_1.ImportResponseSchema>>;

/** The number of unacknowledged records after which the importer waits. */
const WINDOW = 12;

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(new Error("the host has gone"));
    });
  });
}

/** Passes acknowledgements on, and calls back with each. */
async function* observed(
  requests: AsyncIterable<v1_1.ImportRequest>,
  onRequest: (request: v1_1.ImportRequest) => void,
): AsyncGenerator<v1_1.ImportRequest> {
  for await (const request of requests) {
    onRequest(request);
    yield request;
  }
}

/** Replaces Import. */
function importing(change: (sound: V1_1["import"]) => V1_1["import"]): Breakage["broken"] {
  return { "v1.1": (sound) => ({ ...sound, import: change((requests, context) => sound.import(requests, context)) }) };
}

/** Ends Import with an error if the predicate has matched any acknowledgement. `make` is called once per call. */
function refusing(make: () => (request: v1_1.ImportRequest) => boolean): Breakage["broken"] {
  return importing(
    (sound) =>
      async function* (requests, context) {
        const refuses = make();
        let refused = 0;
        yield* sound(
          observed(requests, (request) => {
            if (refuses(request)) refused++;
          }),
          context,
        );
        if (refused > 0) throw new Error("unexpected acknowledgement");
      },
  );
}

/** In-memory importers with mistakes in the scan. */
export const brokenScans: readonly Breakage[] = [
  {
    rule: "importer.scan.counts",
    how: "an error at the end if no file was opened",
    broken: {
      "v1.0": (sound: V1_0): V1_0 => {
        let opened = 0;
        return {
          ...sound,
          openReader: (request, context) => {
            opened++;
            return sound.openReader(request, context);
          },
          scan: async function* (request, context) {
            yield* sound.scan(request, context);
            if (opened === 0) throw new Error("nothing was read");
          },
        };
      },
      "v1.1": (sound: V1_1): V1_1 => {
        let opened = 0;
        return {
          ...sound,
          open: (request, context) => {
            opened++;
            return sound.open(request, context);
          },
          import: async function* (requests, context) {
            yield* sound.import(requests, context);
            if (opened === 0) throw new Error("nothing was read");
          },
        };
      },
    },
  },
  {
    rule: "importer.scan.close",
    how: "no answer to Close during a scan",
    hangs: true,
    broken: {
      "v1.1": (sound: V1_1): V1_1 => {
        let running = false;
        return {
          ...sound,
          import: async function* (requests, context) {
            running = true;
            yield* sound.import(requests, context);
            running = false;
          },
          close: async (request, context) =>
            running ? await never(context.signal) : await sound.close(request, context),
        };
      },
    },
  },
  {
    rule: "importer.scan.concurrency",
    how: "no workers for a maxconcurrency of 0",
    broken: {
      "v1.0": (sound: V1_0): V1_0 => {
        let workers = 1n;
        return {
          ...sound,
          init: (request, context) => {
            workers = request.options?.maxconcurrency ?? 1n;
            return sound.init(request, context);
          },
          scan: async function* (request, context) {
            if (workers > 0n) yield* sound.scan(request, context);
          },
        };
      },
      "v1.1": (sound: V1_1): V1_1 => {
        let workers = 1n;
        return {
          ...sound,
          init: (request, context) => {
            workers = request.options?.maxconcurrency ?? 1n;
            return sound.init(request, context);
          },
          import: async function* (requests, context) {
            for await (const response of sound.import(requests, context)) {
              if (workers > 0n || response.record === undefined) yield response;
            }
          },
        };
      },
    },
  },
  {
    rule: "importer.import.finished",
    how: "finished sent twice",
    broken: importing(
      (sound) =>
        async function* (requests, context) {
          for await (const response of sound(requests, context)) {
            yield response;
            if (response.finished === true) yield response;
          }
        },
    ),
  },
  {
    rule: "importer.import.finished",
    how: "finished sent before the last record",
    broken: importing(
      (sound) =>
        async function* (requests, context) {
          let last: MessageInitShape<typeof v1_1.ImportResponseSchema> | undefined;
          for await (const response of sound(requests, context)) {
            if (response.finished === true) yield response;
            if (last !== undefined) yield last;
            last = response.finished === true ? undefined : response;
          }
        },
    ),
  },
  {
    rule: "importer.import.stays-open",
    how: "Import ended after finished",
    broken: importing(
      (sound) =>
        async function* (requests, context): Responses {
          for await (const response of sound(requests, context)) {
            yield response;
            if (response.finished === true) return;
          }
        },
    ),
  },
  {
    rule: "importer.import.goes-on",
    how: `waiting once ${WINDOW} records are unacknowledged`,
    hangs: true,
    broken: importing(
      (sound) =>
        async function* (requests, context) {
          let owed = 0;
          let wake = (): void => undefined;
          const counted = observed(requests, () => {
            owed--;
            wake();
          });
          context.signal.addEventListener("abort", () => {
            owed = 0;
            wake();
          });
          for await (const response of sound(counted, context)) {
            while (owed >= WINDOW) {
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
            }
            if (response.record !== undefined) owed++;
            yield response;
          }
        },
    ),
  },
  {
    rule: "importer.import.any-order",
    how: "failing on acknowledgements in reverse order",
    broken: {
      "v1.1": (sound: V1_1): V1_1 => {
        const order = new Map<string, number>();
        let previous = [0, 0];
        const broken = refusing(() => ({ result }) => {
          const { pathname = "", isXattr = false } = result?.header ?? {};
          const index = order.get(`${pathname}${String(isXattr)}`) ?? Infinity;
          const [first = 0, second = 0] = previous;
          previous = [second, index];
          return first > second && second > index;
        })["v1.1"];
        return (
          broken?.({
            ...sound,
            import: async function* (requests, context) {
              for await (const init of sound.import(requests, context)) {
                const { record } = create(v1_1.ImportResponseSchema, init);
                if (record !== undefined) order.set(`${record.pathname}${String(record.isXattr)}`, order.size + 1);
                yield init;
              }
            },
          }) ?? sound
        );
      },
    },
  },
  {
    rule: "importer.import.failed-records",
    how: "failing on an acknowledgement with an error",
    broken: refusing(
      () =>
        ({ result }) =>
          (result?.error ?? "") !== "",
    ),
  },
];
