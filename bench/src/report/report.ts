import type { StartSummary } from "../start.js";
import type { RowSummary } from "../summary.js";
import type { Versions } from "../versions.js";

/** The results of a run; the content of `docs/benchmark.json`. */
export interface Report {
  /** The date in the form 2026-04-01. */
  readonly date: string;
  readonly versions: Versions;
  readonly rounds: number;
  readonly rows: readonly RowSummary[];
  /** Undefined if only some rows were measured. */
  readonly start?: StartSummary | undefined;
}

/** Formats the versions in one line. */
export function versionLine({ date, versions }: Report): string {
  const { sdk, commit, server, node, go, grpcGo } = versions;
  return `${date} · SDK ${sdk} (${commit}), server ${server} · Node ${node} · Go ${go}, grpc-go ${grpcGo}`;
}
