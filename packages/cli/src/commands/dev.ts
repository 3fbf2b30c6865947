import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import { Command, InvalidArgumentError, Option } from "commander";
import { HOSTS, type HostName } from "@kloset/host";
import type { CommandFactory } from "../command.js";
import { buildConnectors } from "../dev/build.js";
import { runOnChanges } from "../dev/loop.js";
import { installInPlakar } from "../dev/plakar.js";
import { jsonOf, textOf, type DevEvent } from "../dev/report.js";
import { runPlugin } from "../dev/run-plugin.js";
import { DevSession, type DevSteps } from "../dev/session.js";
import { devTarget, type DevConnector } from "../dev/target.js";
import { watchFolders } from "../dev/watch.js";
import { UsageError } from "../exit-code.js";
import { configOption, jsonOption } from "../options.js";
import { CONNECTOR_TYPES, type ConnectorType } from "../project.js";
import type { Terminal } from "../terminal.js";

interface DevOptions {
  readonly option: Readonly<Record<string, string>>;
  readonly type?: ConnectorType;
  readonly like: HostName;
  readonly watch: readonly string[];
  readonly limit: number;
  readonly plakar?: boolean;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 20;

/** `kloset dev`. */
export const devCommand: CommandFactory = ({ terminal, signal }) =>
  new Command("dev")
    .description("Rebuilds a connector after each change, runs it, and shows how its records have changed.")
    .argument("<plugin>", "module whose default export is a connector, or folder of a project")
    .argument("[location]", "location to run on, such as notes:///home/me")
    .addOption(configOption())
    .addOption(new Option("-t, --type <type>", "type of the connector").choices(CONNECTOR_TYPES))
    .addOption(new Option("--like <host>", "host to act as").choices(Object.keys(HOSTS)).default("plakar-1.1"))
    .option("--watch <folder>", "watch this folder, too; may be repeated", collect, [])
    .addOption(new Option("--limit <count>", "show at most this many records").argParser(count).default(DEFAULT_LIMIT))
    .option("--plakar", "install each build in Plakar")
    .addOption(jsonOption())
    .action(async (plugin: string, location: string | undefined, options: DevOptions) => {
      await develop(plugin, location, options, terminal, signal);
    });

async function develop(
  plugin: string,
  location: string | undefined,
  options: DevOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { connector, folder, project } = await devTarget(plugin, options.type);
  if (options.plakar === true && project === undefined)
    throw new UsageError(`--plakar needs a project whose package.json lists ${plugin} under the key kloset`);
  if (location === undefined && options.plakar !== true)
    throw new UsageError("expected a location to run on, such as notes:///home/me, or --plakar");
  if (location !== undefined && !/^[^:/]+:\/\//.test(location))
    throw new UsageError(`expected a location such as notes:///home/me, got ${JSON.stringify(location)}`);
  const folders = [folder, ...options.watch.map((each) => resolve(each))];
  const connectors: readonly DevConnector[] =
    options.plakar === true && project !== undefined ? project.connectors : [connector];
  const output = await mkdtemp(join(tmpdir(), "kloset-dev-"));
  const report = (event: DevEvent): void => {
    if (options.json === true) terminal.out(jsonOf(event, options.limit));
    else terminal.out(textOf(event, options.limit));
  };
  const steps: DevSteps = {
    build: async () => await buildConnectors(connectors, project?.name ?? "plugin", output),
    ...(location !== undefined && {
      run: async (build, aborted) => {
        const { type } = connector;
        const settings = { type, location, config: options.option, like: options.like, log: logTo(terminal) };
        return await runPlugin(build.bundles[connectors.indexOf(connector)]?.executable ?? "", settings, aborted);
      },
    }),
    ...(options.plakar === true &&
      project !== undefined && {
        install: async (build, aborted) => await installInPlakar(project, build, output, aborted),
      }),
    report,
  };
  const session = new DevSession(connector.type, steps);
  try {
    await runOnChanges({
      cycle: async (aborted) => {
        await session.cycle(aborted);
      },
      watch: async (onChange) => {
        const stop = await watchFolders(folders, onChange, (error) => {
          terminal.error(`cannot watch: ${error instanceof Error ? error.message : String(error)}\n`);
        });
        report({ event: "watch", folders });
        return stop;
      },
      signal,
    });
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

function logTo(terminal: Terminal): Writable {
  const decoder = new TextDecoder();
  return new Writable({
    write: (chunk: Buffer, _, done) => {
      terminal.error(decoder.decode(chunk, { stream: true }));
      done();
    },
  });
}

function collect(folder: string, previous: readonly string[]): readonly string[] {
  return [...previous, folder];
}

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError(`expected a number, got ${JSON.stringify(text)}.`);
  return Number(text);
}
