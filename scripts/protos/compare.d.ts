import type { DescFile } from "@bufbuild/protobuf";

/** A difference between two versions of the protos. */
export interface Difference {
  /** "package", "service", "rpc", "message", "field", "oneof", "enum" or "enum value". */
  readonly element: string;
  /** "added", "removed", "renamed", "renumbered" or "changed in …". */
  readonly change: string;
  /** The full name, ours if both versions have the element. */
  readonly name: string;
  readonly detail: string;
  /** The file of ours that has the element; of the other version if it was added with its message or package. */
  readonly file: string;
  /** False if a host of one version and a plugin of the other would misunderstand each other. */
  readonly compatible: boolean;
  /** The effect on deployed hosts. */
  readonly meaning: string;
}

export function compareProtos(ours: readonly DescFile[], theirs: readonly DescFile[]): Difference[];
