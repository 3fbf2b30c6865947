/**
 * Node's HTTP/2, loaded when this module runs. An `import` of "node:http2" would be
 * carried out at the start of every bundled plugin, whichever server it uses, and
 * bring HTTP/1, TLS and cryptography along.
 *
 * @module
 */
export const { constants, performServerHandshake } = process.getBuiltinModule("node:http2");
