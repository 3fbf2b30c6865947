export function repositoryFields(url: string, folder: string): Readonly<Record<string, unknown>>;
