/** The values of Go's `strconv.ParseBool`, which Plakar's own options take. */
const VALUES: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "TRUE", "true", "True"].map((value) => [value, true] as const),
  ...["0", "f", "F", "FALSE", "false", "False"].map((value) => [value, false] as const),
]);

/**
 * Reads an option that is on or off.
 *
 * @returns false when it is not set.
 * @throws Error for a value that is neither: taken as "off" it would change the backup silently.
 */
export function booleanOption(config: Readonly<Record<string, string>>, name: string): boolean {
  const text = config[name];
  if (text === undefined || text === "") return false;
  const value = VALUES.get(text);
  if (value === undefined) throw new Error(`option ${name} must be true or false: ${JSON.stringify(text)}`);
  return value;
}
