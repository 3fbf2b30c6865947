import { restore, type RestoreEntry, type RestoreSummary } from "@kloset/host";
import { withCompanion } from "../companion.js";
import type { Harness } from "../harness.js";
import type { Companion, ConnectorKind } from "../subject.js";

type SeededHarness = Harness<ConnectorKind>;

/** The entries of each check that the exporter could not restore, with the reason. */
const failures = new WeakMap<SeededHarness, Map<string, string>>();

/**
 * Fills the source of an importer, as hosts restore. The importer does not find an entry that fails:
 * {@link seedFailure} returns the reason.
 *
 * @throws Violation when the exporter fails as a whole.
 */
export async function seedEntries(
  harness: SeededHarness,
  seed: Companion,
  entries: readonly RestoreEntry[],
): Promise<RestoreSummary> {
  const failed = failures.get(harness) ?? new Map<string, string>();
  failures.set(harness, failed);
  return await withCompanion(
    harness,
    "exporter",
    seed,
    async (client) =>
      await restore(client, entries, {
        onError: (pathname, { message }) => failed.set(pathname, message),
        signal: harness.signal,
      }),
  );
}

/** Returns the reason why the exporter could not restore an entry; undefined if it could. */
export function seedFailure(harness: SeededHarness, pathname: string): string | undefined {
  return failures.get(harness)?.get(pathname);
}
