import Table from "cli-table3";

/** Two spaces between columns, and one line below the heading. */
const CHARS = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "" },
  ...{
    "bottom-right": "",
    left: "",
    right: "",
    middle: "  ",
    mid: "-",
    "mid-mid": "  ",
    "left-mid": "",
    "right-mid": "",
  },
};

/** Formats rows as a table, with numbers aligned to the right. The first row is the heading. */
export function formatTable(rows: readonly (readonly (string | number)[])[]): string {
  const [head = [], ...body] = rows;
  const table = new Table({
    chars: CHARS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
    head: head.map(String),
    colAligns: head.map((_, column) => (typeof body[0]?.[column] === "number" ? "right" : "left")),
  });
  table.push(...body.map((row) => row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell))));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
