/**
 * Node's HTTP/2 module, loaded when this module runs. An `import` of "node:http2" would run at the start of every
 * bundled plugin, whichever server it uses, and also load HTTP/1, TLS and cryptography.
 *
 * @module
 */
export const { constants, performServerHandshake } = process.getBuiltinModule("node:http2");
