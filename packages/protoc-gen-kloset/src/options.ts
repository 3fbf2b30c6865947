/** The plugin's own parameters. */
export interface Options {
  /**
   * The methods whose requests are decoded without the fields in `fields`, which are skipped if they are well-formed
   * (malformed ones are still refused): full names, for example "importer.Importer.Import".
   */
  readonly methods: ReadonlySet<string>;
  /** Full names of fields with a single message, for example "plakar.connectors.Record.fileInfo". */
  readonly fields: ReadonlySet<string>;
  /** True if messages keep their unknown fields, which are then written again. */
  readonly keepsUnknown: boolean;
}

/**
 * Parses the parameters: `unread_in=METHOD` and `unread_field=FIELD`, both of which may be repeated, and
 * `unknown_fields=keep`.
 *
 * @throws Error for an unknown parameter.
 */
export function parseOptions(parameters: readonly { readonly key: string; readonly value: string }[]): Options {
  const methods = new Set<string>();
  const fields = new Set<string>();
  let keepsUnknown = false;
  for (const { key, value } of parameters) {
    if (key === "unread_in") methods.add(value);
    else if (key === "unread_field") fields.add(value);
    else if (key === "unknown_fields" && value === "keep") keepsUnknown = true;
    else if (key === "unknown_fields")
      throw new Error(`parameter "unknown_fields": expected "keep", got ${JSON.stringify(value)}`);
    else throw new Error(`unknown parameter ${JSON.stringify(key)}`);
  }
  return { methods, fields, keepsUnknown };
}
