/** Characters that control a terminal or change the direction of text. Line feeds and tabs are allowed. */
// eslint-disable-next-line no-control-regex -- matches control characters
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Makes untrusted text safe for a terminal: control characters are shown as escape sequences. */
export function forTerminal(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROLS, (control) => {
    const code = control.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}
