import { create } from "@bufbuild/protobuf";
import { importer as v1_1 } from "@kloset/protocol/v1.1";
import type { Breakage } from "./breakage.js";

/** In-memory importers with mistakes in extended attributes. */
export const brokenAttributes: readonly Breakage[] = [
  {
    rule: "importer.attributes.none",
    how: "an attribute on v1.0",
    broken: {
      "v1.0": (sound) => ({
        ...sound,
        scan: async function* (request, context) {
          yield* sound.scan(request, context);
          yield { pathname: "/one", result: { case: "record" as const, value: { xattr: { name: "user.color" } } } };
        },
      }),
    },
  },
  ...[
    { how: "no name", change: { xattrName: "" } },
    { how: "an unknown type", change: { xattrType: 3 } },
  ].map(({ how, change }): Breakage => ({
    rule: "importer.attributes.names",
    how,
    broken: {
      "v1.1": (sound) => ({
        ...sound,
        import: async function* (requests, context) {
          for await (const init of sound.import(requests, context)) {
            const response = create(v1_1.ImportResponseSchema, init);
            if (response.record?.isXattr === true) Object.assign(response.record, change);
            yield response;
          }
        },
      }),
    },
  })),
  {
    rule: "importer.attributes.open",
    how: "an attribute that cannot be opened",
    broken: {
      "v1.1": (sound) => ({
        ...sound,
        open: async function* (request, context) {
          if (request.record?.isXattr === true) throw new Error("no such file");
          yield* sound.open(request, context);
        },
      }),
    },
  },
];
