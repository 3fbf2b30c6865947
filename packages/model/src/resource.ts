/** The kinds of resources in a storage. Released hosts use only the first three. */
export type ResourceKind = "packfile" | "state" | "lock" | "ecc-packfile" | "ecc-state";

/** A part of a resource. */
export interface Range {
  /** Offset of the first byte, from 0. */
  readonly offset: number;
  /** Number of bytes. Fewer are returned if the resource ends earlier. */
  readonly length: number;
}

/** Capabilities of a storage, as a bit set. Without READ, snapshots cannot be read. */
export const StoreMode = {
  WRITE: 2,
  READ: 4,
} as const;
