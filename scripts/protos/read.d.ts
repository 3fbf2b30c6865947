import type { DescFile } from "@bufbuild/protobuf";

export function readProtos(folder: string): DescFile[];
