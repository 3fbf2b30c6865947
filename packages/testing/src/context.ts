import type { HostOptions } from "@kloset/model";
import type { ConnectContext, Log, LogFields, NoOptions } from "@kloset/sdk";

/** A message that the code under test has logged. */
export interface LoggedMessage {
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: LogFields;
}

/** The members of a context to state. The others get values of no importance. */
export interface TestContextInit<Config> extends Partial<Omit<ConnectContext<Config>, "options">> {
  /** Options of the host. */
  readonly options?: Partial<HostOptions> | undefined;
}

/** A context for a unit test. */
export interface TestContext<Config> extends ConnectContext<Config> {
  /** The messages that were logged, in order, at every level. Empty if the test passes a `log` of its own. */
  readonly logged: readonly LoggedMessage[];
}

const DEFAULT_LOCATION = "test:///";

/**
 * Fills a context with values of no importance, so that a unit test can call `connect`, or a factory, directly.
 *
 * @param init - The members that matter: `config`, with the values as `connect` receives them (for a factory: with the
 * strings of the host), `location`, `options`, and others. Default location: "test:///".
 * @example
 * const importer = connect(testContext({ config: { page_size: 2 } }));
 */
export function testContext<Config = NoOptions>(init: TestContextInit<Config> = {}): TestContext<Config> {
  const logged: LoggedMessage[] = [];
  const location = init.location ?? DEFAULT_LOCATION;
  return {
    location,
    protocol: init.protocol ?? location.replace(/:.*$/s, ""),
    // Without `config`, Config is the type of no options.
    config: init.config ?? ({} as Config),
    signal: init.signal ?? new AbortController().signal,
    log: init.log ?? logInto(logged),
    options: {
      hostname: "localhost",
      os: "linux",
      arch: "amd64",
      cwd: "/",
      maxConcurrency: 1,
      excludes: [],
      noXattr: false,
      ...init.options,
    },
    logged,
  };
}

function logInto(logged: LoggedMessage[]): Log {
  const at =
    (level: keyof Log): Log[keyof Log] =>
    (message, fields = {}) => {
      logged.push({ level, message, fields });
    };
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}
