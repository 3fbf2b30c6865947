import type { StartSummary } from "../start.js";
import type { RowSummary } from "../summary.js";
import type { Versions } from "../versions.js";

/** All that a run has found; `docs/benchmark.json` is just this. */
export interface Report {
  /** The day, as 2026-04-01. */
  readonly date: string;
  readonly versions: Versions;
  readonly rounds: number;
  readonly rows: readonly RowSummary[];
  /** Undefined when only some rows were asked for. */
  readonly start?: StartSummary | undefined;
}

/** The versions, in one line. */
export function versionLine({ date, versions }: Report): string {
  const { sdk, commit, server, node, go, grpcGo } = versions;
  return `${date} · SDK ${sdk} (${commit}), server ${server} · Node ${node} · Go ${go}, grpc-go ${grpcGo}`;
}
