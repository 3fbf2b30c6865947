/** The kinds of resources that a storage keeps. Released hosts use the first three. */
export type ResourceKind = "packfile" | "state" | "lock" | "ecc-packfile" | "ecc-state";

/** A part of a resource. */
export interface Range {
  /** First byte, from 0. */
  readonly offset: number;
  /** Bytes; fewer are answered where the resource ends. */
  readonly length: number;
}

/** What a storage can do, as a bit set. Without READ snapshots can not be read. */
export const StoreMode = {
  WRITE: 2,
  READ: 4,
} as const;
