import { configureTextEncoding } from "@bufbuild/protobuf/wire";

const encoder = new TextEncoder();
// Without ignoreBOM, a leading U+FEFF is dropped: a link to such a name would silently point elsewhere.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/**
 * Makes protobuf-es keep every character of a string: by default it drops a byte order mark. Invalid strings are still
 * handled as by default.
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
