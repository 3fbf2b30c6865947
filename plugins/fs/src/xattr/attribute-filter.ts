/** Patterns of names of extended attributes. "*" stands for any characters. */
export interface AttributePatterns {
  /** The attributes to use. Undefined or empty: all. */
  readonly include?: readonly string[] | undefined;
  /** The attributes to leave out, also of those that are included. */
  readonly exclude?: readonly string[] | undefined;
}

/**
 * Returns a function that selects extended attributes by name, such as "user.color" by the pattern "user.*". Names
 * differ by case.
 */
export function attributeFilter({ include = [], exclude = [] }: AttributePatterns): (name: string) => boolean {
  const included = include.map(matcher);
  const excluded = exclude.map(matcher);
  return (name) =>
    (included.length === 0 || included.some((pattern) => pattern.test(name))) &&
    !excluded.some((pattern) => pattern.test(name));
}

function matcher(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "su");
}
