import type { DescFile } from "@bufbuild/protobuf";

export function protoModules(): string[];
export function generationOf(module: string): string;
export function readProtos(folder: string): DescFile[];
export function runBuf(args: readonly string[]): string;
