type Manifest = Readonly<Record<string, unknown>>;

export function withVersion(manifest: Manifest, names: ReadonlySet<string>, version: string): Manifest;
export function releaseChangelog(text: string, version: string, date: string): string;
