import * as v from "valibot";

// The fields that the inventory uses, of the Engine API 1.24 and later. Engines write null for empty lists and maps. Other
// fields are kept: they become the details of an entry.

const id = v.pipe(v.string(), v.nonEmpty());
const labels = v.nullish(v.record(v.string(), v.string()), {});
const address = v.optional(v.string(), "");
const network = v.looseObject({ IPAddress: address, GlobalIPv6Address: address });

/** The addresses of a container in a network. */
export type Network = v.InferOutput<typeof network>;

/** The answer to `/version`. */
export const version = v.object({
  ApiVersion: v.pipe(v.string(), v.regex(/^\d+\.\d+$/)),
  Components: v.nullish(v.array(v.object({ Name: v.string() })), []),
});

/** The answer to `/containers/json`. */
export const containers = v.array(
  v.looseObject({
    Id: id,
    Names: v.nullish(v.array(v.string()), []),
    Labels: labels,
    NetworkSettings: v.nullish(v.looseObject({ Networks: v.nullish(v.record(v.string(), network), {}) }), {}),
  }),
);

/** The answer to `/images/json`. */
export const images = v.array(v.looseObject({ Id: id, RepoTags: v.nullish(v.array(v.string()), []), Labels: labels }));

/** The answer to `/volumes`. */
export const volumes = v.object({
  Volumes: v.nullish(v.array(v.looseObject({ Name: id, Labels: labels })), []),
});
