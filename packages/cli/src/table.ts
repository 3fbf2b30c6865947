import Table from "cli-table3";

/** Two spaces between columns, and no lines. */
const NO_LINES = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "" },
  ...{ "bottom-left": "", "bottom-right": "", left: "", "left-mid": "", mid: "", "mid-mid": "", right: "" },
  ...{ "right-mid": "", middle: "" },
};

interface TableOptions {
  readonly head?: readonly string[];
  readonly widths?: readonly number[];
  readonly aligns?: readonly ("left" | "right")[];
}

/**
 * Formats rows as columns.
 *
 * @param options - `head`: names of the columns. `widths`: fixed widths of the first columns, for rows that are printed
 * one by one. `aligns`: sides of the columns.
 */
export function tableText(
  rows: readonly (readonly string[])[],
  { head = [], widths = [], aligns = [] }: TableOptions = {},
): string {
  const table = new Table({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 2, head: [], border: [], compact: true },
    ...(head.length > 0 && { head: [...head] }),
    ...(aligns.length > 0 && { colAligns: [...aligns] }),
    ...(widths.length > 0 && { colWidths: [...widths] }),
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
