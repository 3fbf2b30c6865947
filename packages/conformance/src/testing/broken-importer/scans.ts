import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { importer as v1_1 } from "@kloset/protocol/v1.1";
import type { ImporterServices } from "../sound-importer.js";
import type { Breakage } from "./breakage.js";

type V1_0 = ImporterServices["v1.0"];
type V1_1 = ImporterServices["v1.1"];
type Responses = AsyncIterable<MessageInitShape<typeof v1_1.ImportResponseSchema>>;

/** How many records it sends ahead of acknowledgements. */
const WINDOW = 12;

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(new Error("the host has gone"));
    });
  });
}

/** Hands acknowledgements on, and tells each. */
async function* told(
  requests: AsyncIterable<v1_1.ImportRequest>,
  tell: (request: v1_1.ImportRequest) => void,
): AsyncGenerator<v1_1.ImportRequest> {
  for await (const request of requests) {
    tell(request);
    yield request;
  }
}

function importing(change: (sound: V1_1["import"]) => V1_1["import"]): Breakage["broken"] {
  return { "v1.1": (sound) => ({ ...sound, import: change((requests, context) => sound.import(requests, context)) }) };
}

/** Ends Import with an error, as soon as an acknowledgement is not to its liking. */
function refusing(make: () => (request: v1_1.ImportRequest) => boolean): Breakage["broken"] {
  return importing(
    (sound) =>
      async function* (requests, context) {
        const refuses = make();
        let refused = 0;
        yield* sound(
          told(requests, (request) => {
            if (refuses(request)) refused++;
          }),
          context,
        );
        if (refused > 0) throw new Error("an acknowledgement that was not expected");
      },
  );
}

/** Importers in memory whose scan goes wrong. */
export const brokenScans: readonly Breakage[] = [
  {
    rule: "importer.scan.counts",
    how: "an error at the end when nothing was opened",
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
    how: "Close is not answered once a scan runs",
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
    how: "as many workers as it is told",
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
    how: "said twice",
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
    how: "said before the last record",
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
    how: "ended after the last record",
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
    how: `waits when ${WINDOW} records are not acknowledged`,
    hangs: true,
    broken: importing(
      (sound) =>
        async function* (requests, context) {
          let owed = 0;
          let wake = (): void => undefined;
          const counted = told(requests, () => {
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
    how: "fails when they come backwards",
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
    how: "fails with the record",
    broken: refusing(
      () =>
        ({ result }) =>
          (result?.error ?? "") !== "",
    ),
  },
];
