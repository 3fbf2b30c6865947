import type { DescFile } from "@bufbuild/protobuf";

interface Named {
  readonly name: string;
}

/** Every enum, message and service of a generation, by its full name. */
export interface Facts {
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly messages: Readonly<Record<string, readonly Named[]>>;
  readonly services: Readonly<Record<string, readonly Named[]>>;
}

export function factsOf(files: readonly DescFile[]): Facts;
export function additionsTo(facts: Facts, ours: Facts): string[];
export function withoutAdditions(ours: Facts, additions: readonly string[]): Facts;
export function formatFacts(facts: Facts): string;
