import Table from "cli-table3";

/** Two spaces between columns, and no lines. */
const CHARS = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "" },
  ...{ "bottom-right": "", left: "", right: "", middle: "  ", mid: "", "mid-mid": "", "left-mid": "", "right-mid": "" },
};

/** Formats lines as aligned columns: the first to the left, the others to the right. */
export function tableOf(lines: readonly (readonly string[])[]): string {
  const table = new Table({
    chars: CHARS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    colAligns: (lines[0] ?? []).map((_, column) => (column === 0 ? "left" : "right")),
  });
  table.push(...lines.map((cells) => [...cells]));
  return table
    .toString()
    .split("\n")
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}
