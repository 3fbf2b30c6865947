import { configureTextEncoding } from "@bufbuild/protobuf/wire";

const encoder = new TextEncoder();
// Without ignoreBOM a leading U+FEFF is dropped: a link to such a name would silently lead elsewhere.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/**
 * Texts as protobuf has them: every character is kept. protobuf-es as it comes
 * takes a byte order mark away. What it does for invalid texts stays as it is.
 */
configureTextEncoding({
  encodeUtf8: (text) => encoder.encode(text),
  decodeUtf8: (bytes, strict) => (strict === true ? strictDecoder : decoder).decode(bytes),
  checkUtf8(text) {
    try {
      encodeURIComponent(text);
      return true;
    } catch {
      return false;
    }
  },
});
