export function bundle(plugins: readonly URL[], folder: URL): Promise<void>;
