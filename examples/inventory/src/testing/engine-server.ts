import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The answers of Podman 4.3.1 to `/version` and to the three listings, shortened, and addresses like those of Docker. */
export const answers = {
  "/version": {
    ApiVersion: "1.41",
    Components: [{ Name: "Podman Engine", Version: "4.3.1", Details: { MinAPIVersion: "4.0.0", Os: "linux" } }],
  },
  "/v1.41/containers/json?all=true": [
    {
      Id: "78d2faad9b4a800671d1fb9b88e8adf04286fa2d5b6f83234d5d11841cb3daa4",
      Names: ["/web"],
      Image: "docker.io/library/notes:1.2",
      Labels: { team: "web" },
      State: "running",
      NetworkSettings: {
        Networks: {
          front: { IPAddress: "10.88.0.2", GlobalIPv6Address: "fd00::2" },
          back: { IPAddress: "", GlobalIPv6Address: "" },
        },
      },
    },
    {
      Id: "0ac1faad9b4a800671d1fb9b88e8adf04286fa2d5b6f83234d5d11841cb3daa4",
      Names: null,
      Labels: null,
      State: "created",
      NetworkSettings: { Networks: null },
    },
  ],
  "/v1.41/images/json": [
    {
      Id: "sha256:8e072f1aa2d5b5155eec8e820724d34e4cf36565bb906e1a004033ee3d0fedc6",
      RepoTags: ["docker.io/library/notes:1.2"],
      Size: 42051,
      Labels: null,
    },
  ],
  "/v1.41/volumes": {
    Volumes: [{ Driver: "local", Labels: { team: "web" }, Mountpoint: "/var/lib/volumes/data/_data", Name: "data" }],
    Warnings: [],
  },
};

/** Serves the Engine API from memory, on a Unix socket. */
export class EngineServer implements AsyncDisposable {
  /** The paths of the requests, in the order of arrival. */
  readonly requests: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "kloset-engine-"));
  readonly #server;

  private constructor(serve: RequestListener) {
    this.#server = createServer((request, response) => {
      this.requests.push(request.url ?? "");
      serve(request, response);
    });
  }

  /** @param replaced - Answers by path, in place of those of {@link answers}. A function writes the answer itself. */
  static async start(replaced: Readonly<Record<string, unknown>> = {}): Promise<EngineServer> {
    const all: Record<string, unknown> = { ...answers, ...replaced };
    const server = new EngineServer((request, response) => {
      const answer = all[request.url ?? ""];
      if (typeof answer === "function") (answer as RequestListener)(request, response);
      else if (answer === undefined) response.writeHead(404).end(JSON.stringify({ message: "page not found" }));
      else response.end(JSON.stringify(answer));
    });
    await once(server.#server.listen(server.#socketPath), "listening");
    return server;
  }

  /** The location for the inventory. */
  get location(): string {
    return `containers://${this.#socketPath}`;
  }

  get #socketPath(): string {
    return join(this.#folder, "engine.sock");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
    rmSync(this.#folder, { recursive: true });
  }
}
