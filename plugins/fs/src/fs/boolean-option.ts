/** The values of Go's `strconv.ParseBool`, which Plakar's own options accept. */
const VALUES: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "TRUE", "true", "True"].map((value) => [value, true] as const),
  ...["0", "f", "F", "FALSE", "false", "False"].map((value) => [value, false] as const),
]);

/**
 * Reads a boolean option.
 *
 * @returns false if the option is not set.
 * @throws Error for any other value: treating it as false would silently change the backup.
 */
export function booleanOption(config: Readonly<Record<string, string>>, name: string): boolean {
  const text = config[name];
  if (text === undefined || text === "") return false;
  const value = VALUES.get(text);
  if (value === undefined) throw new Error(`option ${name}: expected true or false, got ${JSON.stringify(text)}`);
  return value;
}
