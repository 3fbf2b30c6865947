import {
  callInContext,
  Calls,
  counted,
  describeContent,
  initContextOf,
  LazyContext,
  notFound,
  openConnector,
  quoted,
  resourceExhausted,
  rpcSignal,
  Session,
  untilAborted,
  type Methods,
  type MethodTable,
  type RpcContext,
} from "@kloset/adapter";
import { addResolvedSecret } from "@kloset/log";
import type { CallContext } from "@kloset/model";
import type { ServiceImplementation } from "@kloset/protocol/service-implementation";
import type { secretProvider as wire } from "@kloset/protocol/v1.1";
import { InvalidValue, MAX_MESSAGE_BYTES } from "@kloset/wire/grpc";
import type { SecretProvider, SecretProviderFactory } from "./secret-provider.js";

/** The tag and the length of a secret of nearly 4 MiB. */
const MESSAGE_OVERHEAD = 5;

const SECRET_PROVIDER: Methods = {
  kind: "a secret provider",
  methods: { resolve: "required", close: "required" } satisfies MethodTable<SecretProvider>,
};

/** Lifecycle of a secret provider. */
export type SecretProviderSession = Session<SecretProvider>;

/** Creates the session of one connection. */
export function newSecretProviderSession(): SecretProviderSession {
  return new Session();
}

/** Serves a secret provider. There is one wire generation only. */
export function secretProviderService(
  factory: SecretProviderFactory,
  session: SecretProviderSession,
): ServiceImplementation<typeof wire.SecretProvider, RpcContext> {
  const calls = new Calls(session, "secret_provider.SecretProvider");
  return {
    init: ({ config }) =>
      calls.init(
        (signal) => openConnector(factory, initContextOf(config, signal), SECRET_PROVIDER, (provider) => provider),
        () => ({}),
      ),
    resolve: ({ handle }, context) =>
      calls.unary("Resolve", (provider) =>
        callInContext(new LazyContext(context), async (own) => ({
          secret: await untilAborted(resolve(provider, handle, own), rpcSignal(context)),
        })),
      ),
    close: () => calls.close(),
  };
}

async function resolve(provider: SecretProvider, handle: string, context: CallContext): Promise<string> {
  const secret: unknown = await provider.resolve(handle, context);
  const name = quoted(handle);
  if (secret === undefined) throw notFound(`secret ${name} does not exist`);
  // Errors describe the value, and never show it.
  if (typeof secret !== "string") {
    throw new InvalidValue(`resolve() returned ${describeContent(secret)} for ${name}: a string is needed`);
  }
  // Before anything else can print it.
  addResolvedSecret(secret);
  if (!secret.isWellFormed()) {
    throw new InvalidValue(`resolve() returned a string that is not valid Unicode for ${name}`);
  }
  const length = Buffer.byteLength(secret);
  if (length + MESSAGE_OVERHEAD > MAX_MESSAGE_BYTES) {
    throw resourceExhausted(
      `resolve() returned ${counted(length, "byte")} for ${name}: hosts accept messages of at most ${MAX_MESSAGE_BYTES} bytes`,
    );
  }
  return secret;
}
