import { hostname } from "node:os";
import { defineInventory, pathOfLocation, type HostEndpoint, type InventoryEntry } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";
import { containers, images, version, volumes, type Network } from "./answers.js";
import { Engine } from "./engine.js";

type Resource = "container" | "image" | "volume";

const SHORT_ID_LENGTH = 12;

/**
 * Lists the containers, images and volumes of Docker or Podman. The location is the engine's socket:
 * `containers:///var/run/docker.sock`.
 */
export default defineInventory({
  config: {
    engine: option
      .string({ pattern: /.+/, description: "Name of the engine in URNs. Default: the name of the machine" })
      .optional(),
    timeout: option.duration({ default: "30s", min: "1ms", max: "1h", description: "Time limit for each answer" }),
  },
  connect({ config: { engine = hostname(), timeout }, location }) {
    const socketPath = pathOfLocation(location, "containers");
    if (!socketPath.startsWith("/")) {
      throw new Error(
        `location ${JSON.stringify(location)}: expected the absolute path of a socket, such as containers:///var/run/docker.sock`,
      );
    }
    const client = new Engine(socketPath, timeout);
    const urn = (resource: Resource, id: string): string =>
      ["urn", "containers", engine, resource, id].map(encodeURIComponent).join(":");

    return {
      async *list({ signal }): AsyncGenerator<InventoryEntry> {
        const { ApiVersion, Components } = await client.get("/version", version, signal);
        const api = `/v${ApiVersion}`;
        const service = Components.some((component) => component.Name.startsWith("Podman")) ? "podman" : "docker";
        const common = (resource: Resource, id: string, item: { readonly Labels: Record<string, string> }) => ({
          urn: urn(resource, id),
          service,
          resource,
          tags: Object.entries(item.Labels).map(([key, value]) => `${key}=${value}`),
          details: Buffer.from(JSON.stringify(item)),
        });

        for (const item of await client.get(`${api}/containers/json?all=true`, containers, signal)) {
          const name = item.Names[0]?.replace(/^\//, "") ?? item.Id.slice(0, SHORT_ID_LENGTH);
          const endpoints = Object.entries(item.NetworkSettings.Networks).flatMap(endpointsOf);
          yield { class: "compute", name, endpoints, ...common("container", item.Id, item) };
        }
        for (const item of await client.get(`${api}/images/json`, images, signal)) {
          yield { class: "registry", name: item.RepoTags[0] ?? item.Id, ...common("image", item.Id, item) };
        }
        for (const item of (await client.get(`${api}/volumes`, volumes, signal)).Volumes) {
          yield { class: "file-storage", name: item.Name, ...common("volume", item.Name, item) };
        }
      },
      close: () => undefined,
    };
  },
});

/** Returns the addresses of a container in a network. A container that does not run has none. */
function endpointsOf([name, network]: [string, Network]): HostEndpoint[] {
  const attributes = { network: name };
  return [
    ...(network.IPAddress === "" ? [] : [{ type: "inet4", endpoint: network.IPAddress, attributes } as const]),
    ...(network.GlobalIPv6Address === ""
      ? []
      : [{ type: "inet6", endpoint: network.GlobalIPv6Address, attributes } as const]),
  ];
}
