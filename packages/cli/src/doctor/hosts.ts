import { satisfies } from "semver";
import type { Project, ProjectConnector } from "../project.js";
import type { Facts } from "./facts.js";
import { error, ok, quoted, warning, type Finding } from "./finding.js";
import { plakarVersion } from "../plakar.js";

interface Host {
  readonly id: string;
  readonly name: string;
  /** Versions of `plakar`. Absent for plaklet, which is a program of its own. */
  readonly range?: string;
  /** Location flags that it knows. It refuses a package whose manifest names another one. */
  readonly flags: readonly string[];
  /** True if it uses secret providers and inventories. */
  readonly hasControlPlane: boolean;
}

const FLAGS_V1_0 = ["localfs", "file"];
const FLAGS_V1_1 = [...FLAGS_V1_0, "stream", "needack", "nomerge"];

const SERVED_HOSTS: readonly Host[] = [
  {
    id: "host.plakar-1.0",
    name: "Plakar 1.0",
    range: ">=1.0.3 <1.1.0-0",
    flags: FLAGS_V1_0,
    hasControlPlane: false,
  },
  { id: "host.plakar-1.1", name: "Plakar 1.1", range: ">=1.1.0 <1.2.0-0", flags: FLAGS_V1_1, hasControlPlane: false },
  { id: "host.plaklet", name: "plaklet", flags: FLAGS_V1_1, hasControlPlane: true },
];

/** Checks the project against each host that the SDK serves. A fault on the installed Plakar is an error. */
export function checkHosts({ project, plakar }: Facts): Finding[] {
  if (project instanceof Error) return SERVED_HOSTS.map(({ id, name }) => ok(id, `${name} is served by the SDK`));
  const installed = plakar === undefined ? undefined : plakarVersion(plakar);
  return SERVED_HOSTS.flatMap((host) => {
    const isInstalled =
      installed !== undefined &&
      host.range !== undefined &&
      satisfies(installed, host.range, { includePrerelease: true });
    const report = isInstalled ? error : warning;
    const refused = project.connectors.flatMap((connector, index) => refusedFlags(host, connector, index));
    if (refused.length > 0) return refused.map(({ text, fix }) => report(host.id, text, fix));
    const unused = host.hasControlPlane ? [] : project.connectors.filter(isForControlPlane);
    if (unused.length === project.connectors.length) {
      const text = `${host.name} ignores secret providers and inventories, and the plugin has nothing else`;
      return [warning(host.id, text, "Use the plugin with Plakar's control plane.")];
    }
    return [ok(host.id, served(host, project, unused))];
  });
}

function served({ name }: Host, project: Project, unused: readonly ProjectConnector[]): string {
  const types = (connectors: readonly ProjectConnector[]): string => connectors.map(({ type }) => type).join(", ");
  const used = project.connectors.filter((connector) => !unused.includes(connector));
  return `${name} runs ${types(used)}${unused.length > 0 ? `, and ignores ${types(unused)}` : ""}`;
}

function isForControlPlane({ type }: ProjectConnector): boolean {
  return type === "secret_provider" || type === "inventory";
}

/** Only `localfs` has an effect in a manifest: hosts take the other flags from the connector's answer to Init. */
function refusedFlags(
  host: Host,
  { type, locationFlags }: ProjectConnector,
  index: number,
): { text: string; fix: string }[] {
  const unknown = locationFlags.filter((flag) => !host.flags.includes(flag));
  if (unknown.length === 0) return [];
  const kept = JSON.stringify(locationFlags.filter((flag) => host.flags.includes(flag)));
  return [
    {
      text:
        `${host.name} refuses the package: it does not know the location flag ${unknown.join(", ")} of the ${type}. ` +
        "Hosts take this flag from the connector itself",
      fix: `npm pkg set --json ${quoted(`kloset.connectors[${index}].locationFlags=${kept}`)}`,
    },
  ];
}
