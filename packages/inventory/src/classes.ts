/** The known classes of resources, with their known subclasses. */
export const SUBCLASSES = {
  analytics: [],
  "block-storage": ["pvc"],
  compute: [],
  database: ["postgresql", "mysql", "mongodb", "redis"],
  "file-storage": [],
  hypervisor: ["proxmox"],
  identity: [],
  messaging: [],
  network: [],
  "object-storage": ["gcs", "s3", "azblob"],
  observability: [],
  registry: [],
  security: ["secret-manager"],
  service: ["ftp", "imap", "sftp"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A class of resources that hosts know. */
export type ResourceClass = keyof typeof SUBCLASSES;

/** The forms of an endpoint's address. */
export const ENDPOINT_TYPES = ["host", "inet4", "inet6", "uuid", "network", "identifier"] as const;

/** The form of an endpoint's address. */
export type EndpointType = (typeof ENDPOINT_TYPES)[number];
