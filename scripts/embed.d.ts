export function pages(): readonly string[];
export function embed(text: string): string;
