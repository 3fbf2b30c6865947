/** The inventory of an author, which inspect bundles. */
import { defineInventory } from "@kloset/sdk";

export default defineInventory({
  connect: () => ({
    *list() {
      yield { class: "database", subclass: "postgresql", urn: "urn:db:1", name: "orders\u0007" };
    },
    close: () => undefined,
  }),
});
