/** What an attribute of an element may be. */
type Value = string | number;

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const DIGITS = 1;

/** An element with what is in it. Text must have been escaped. */
export function element(name: string, attributes: Readonly<Record<string, Value>>, content = ""): string {
  const text = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escaped(value)}"`)
    .join("");
  return content === "" ? `<${name}${text}/>` : `<${name}${text}>${content}</${name}>`;
}

/** Text that stands for itself. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => escapes[character] ?? character);
}

/** Short, so that what has not moved makes no difference in a diff. */
function round(value: number): string {
  return String(Number(value.toFixed(DIGITS)));
}
