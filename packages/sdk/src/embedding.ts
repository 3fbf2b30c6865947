/**
 * For tools that serve an author's connectors over a connection of their own, in
 * one process. Plugins use `run…`.
 *
 * @module
 */
export { loadAdapters, type Adapters } from "./adapters.js";
export { connectorKinds, type Connectors, type ConnectorKind } from "./connectors.js";
export { pluginOf, type Plugin } from "./plugin.js";
export { chosenServer, loadServer, type LoadedServer, type ServerName } from "./server.js";
export { descriptorTables, type LoadTables } from "./tables.js";
