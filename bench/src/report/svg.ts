/** The value of an attribute. */
type Value = string | number;

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const DIGITS = 1;

/** Formats an element. Its content must be escaped. */
export function element(name: string, attributes: Readonly<Record<string, Value>>, content = ""): string {
  const text = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escaped(value)}"`)
    .join("");
  return content === "" ? `<${name}${text}/>` : `<${name}${text}>${content}</${name}>`;
}

/** Escapes text. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => escapes[character] ?? character);
}

/** Rounds, to keep diffs small. */
function round(value: number): string {
  return String(Number(value.toFixed(DIGITS)));
}
