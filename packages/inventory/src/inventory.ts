import type { Awaitable, CallContext, EndpointType, InitContext, ResourceClass } from "@kloset/model";

/**
 * A list of resources that could be backed up, such as the databases and buckets of an account. Every method may be sync or
 * async. The message of a thrown error reaches the user verbatim.
 */
export interface Inventory {
  /**
   * Yields every resource. Called once for each listing; hosts may list again. The iterator is asked for the next entry
   * only when the host has room for it, and is closed when the host does not want the rest.
   *
   * A thrown error fails the listing, and so does an invalid entry: the wire has no errors of single entries.
   */
  list(context: CallContext): Awaitable<AsyncIterable<InventoryEntry> | Iterable<InventoryEntry>>;
  /**
   * Releases the inventory. Called once, after all calls have ended, or after 10 s (1 s when the host is gone) even if
   * some have not. Not called when the process is killed.
   */
  close(): Awaitable<void>;
}

/** One resource. Its message must not exceed 4 MiB. Texts are valid Unicode. */
export interface InventoryEntry {
  /** The class of the resource. A class that hosts do not know is sent, with a warning. */
  readonly class: ResourceClass | (string & Record<never, never>);
  /**
   * The kind of resource within its class, such as "postgresql" in "database". One that hosts do not know is sent, with a
   * warning. Default: none.
   */
  readonly subclass?: string | undefined;
  /** The unique name of the resource, which stays the same from one listing to the next. Must not be empty. */
  readonly urn: string;
  /** The name that people know. Default: none. */
  readonly name?: string | undefined;
  /** Labels. Default: none. */
  readonly tags?: readonly string[] | undefined;
  /** The region of its provider, such as "eu-west-3". Default: none. */
  readonly region?: string | undefined;
  /** The service of its provider, such as "rds". Default: none. */
  readonly service?: string | undefined;
  /** The type of resource within that service, such as "cluster". Default: none. */
  readonly resource?: string | undefined;
  /** Anything else, in a format of your choice. Default: none. */
  readonly details?: Uint8Array | undefined;
  /** The addresses of the resource. Default: none. */
  readonly endpoints?: readonly HostEndpoint[] | undefined;
  /**
   * The country of the resource: an ISO 3166-1 alpha-2 code in upper case, such as "FR". Any other code is sent, with a
   * warning; hosts drop it and keep the entry. Default: none.
   */
  readonly country?: string | undefined;
}

/** An address of a resource. */
export interface HostEndpoint {
  /** The form of the address. */
  readonly type: EndpointType;
  /** The address. Must not be empty. */
  readonly endpoint: string;
  /** Anything else about the address. Default: none. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** Creates an inventory. Called when the host sends Init, and again if the host retries a failed Init. */
export type InventoryFactory = (context: InitContext) => Awaitable<Inventory>;
