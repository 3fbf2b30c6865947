/**
 * The inventory interface, and the adapter that serves an inventory to hosts.
 *
 * @module
 */
export type { HostEndpoint, Inventory, InventoryEntry, InventoryFactory } from "./inventory.js";
export { inventoryService, newInventorySession, type InventorySession } from "./service.js";
