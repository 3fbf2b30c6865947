import { setImmediate } from "node:timers/promises";
import { PluginError, StatusCode, type SecretProviderClient } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { CONTROL_PLANE_HOSTS, NO_HOSTS, relyingHosts } from "../../levels.js";
import type { ConnectorRule } from "../../rule.js";
import { requires, Violation } from "../../violation.js";
import { answerWithin } from "../../waiting.js";

const generations = ["v1.1"] as const;
const AT_ONCE = 16;
const CANCELLED = 20;
/** The shortest secret that can be recognized in a log. */
const MIN_RECOGNIZED = 8;
const LONG_HANDLE = "x".repeat(64 * 1024);
/** Handles that no secret has, and that a careless provider opens as a file, or passes to a shell. */
const ODD_HANDLES = ["", "/", "..", "../../../../etc/hostname", "a\0b", "a\nb", "$(exit 3)", "\u{1F511}", LONG_HANDLE];

/** The rules for secret providers. */
export const secretProviderRules: readonly ConnectorRule<"secret_provider">[] = relyingHosts(CONTROL_PLANE_HOSTS, [
  {
    id: "secret_provider.resolve.known",
    connector: "secret_provider",
    title: "resolves a secret that exists",
    because: "a connector that needs the secret cannot start",
    generations,
    check: async (harness) => {
      const handle = requireHandle(harness);
      const { client } = await harness.start();
      await answerWithin(client.resolve(handle), harness.answerMs, "Resolve");
    },
  },
  {
    id: "secret_provider.resolve.at-once",
    connector: "secret_provider",
    title: `resolves ${AT_ONCE} handles at once`,
    because: "a host that starts several jobs asks for all their secrets at the same time",
    generations,
    check: async (harness) => {
      const handle = requireHandle(harness);
      const { client } = await harness.start();
      const all = Promise.all(Array.from({ length: AT_ONCE }, () => client.resolve(handle)));
      await answerWithin(all, harness.answerMs, `one of ${AT_ONCE} Resolves`);
    },
  },
  {
    id: "secret_provider.resolve.missing",
    connector: "secret_provider",
    title: "answers a handle without a secret with an error that has a message",
    because: "the host would take an empty text for the secret, and use it as a password",
    generations,
    check: async (harness) => {
      const { client } = await harness.start();
      const { message } = await failureOf(harness, client, `no-such-secret-${harness.workspace.unique}`);
      requires(message !== "", "the error of a handle without a secret has no message");
    },
  },
  {
    id: "secret_provider.resolve.not-found",
    connector: "secret_provider",
    title: "answers a handle without a secret with the status NOT_FOUND",
    because: "a host can then tell a wrong handle from a vault that cannot be reached",
    generations,
    hosts: NO_HOSTS,
    check: async (harness) => {
      const { client } = await harness.start();
      const { code } = await failureOf(harness, client, `no-such-secret-${harness.workspace.unique}`);
      requires(code === StatusCode.NOT_FOUND, `a handle without a secret was answered with code ${code}, not 5`);
    },
  },
  {
    id: "secret_provider.resolve.goes-on",
    connector: "secret_provider",
    title: "resolves a secret after a handle without one",
    because: "one wrong handle must not cost the user every other secret",
    generations,
    check: async (harness) => {
      const handle = requireHandle(harness);
      const { client } = await harness.start();
      const before = await client.resolve(handle);
      await client.resolve(`no-such-secret-${harness.workspace.unique}`).catch(ignorePluginError);
      const after = await answerWithin(client.resolve(handle), harness.answerMs, "Resolve after an error");
      // One-time passwords change.
      requires((before === "") === (after === ""), "the secret is empty after a handle without one");
    },
  },
  {
    id: "secret_provider.resolve.odd-handles",
    connector: "secret_provider",
    title: "answers handles that are empty, very long, or look like paths or commands",
    because: "a handle is the text that a user wrote; a plugin that breaks on one takes every other secret with it",
    generations,
    hosts: NO_HOSTS,
    check: async (harness) => {
      const { client } = await harness.start();
      for (const handle of ODD_HANDLES) {
        const answer = client.resolve(handle).catch(ignorePluginError);
        await answerWithin(answer, harness.answerMs, `Resolve of the handle ${JSON.stringify(handle.slice(0, 40))}`);
      }
    },
  },
  {
    id: "secret_provider.resolve.cancelled",
    connector: "secret_provider",
    title: `resolves a secret after ${CANCELLED} cancelled calls`,
    because: "a host cancels the call when its user does; the plugin must go on",
    generations,
    check: async (harness) => {
      const handle = requireHandle(harness);
      const { client } = await harness.start();
      for (let index = 0; index < CANCELLED; index++) {
        const cancel = new AbortController();
        const cancelled = client.resolve(handle, cancel.signal).catch(() => undefined);
        // A call cancelled before it is sent never reaches the plugin.
        await setImmediate();
        cancel.abort();
        await cancelled;
      }
      await answerWithin(client.resolve(handle), harness.answerMs, "Resolve after cancelled ones");
    },
  },
  {
    id: "secret_provider.resolve.silent",
    connector: "secret_provider",
    title: "does not write the secret to its log, or into errors",
    because: "logs and errors are kept, sent and shown to people who must not know the secret",
    generations,
    check: async (harness) => {
      const handle = requireHandle(harness);
      const { client } = await harness.start();
      const secret = await client.resolve(handle);
      if (secret.trim().length < MIN_RECOGNIZED)
        harness.notApplicable(
          `the secret has fewer than ${MIN_RECOGNIZED} characters`,
          "pass the handle of a longer one to --handle",
        );
      const errors: string[] = [];
      for (const wrong of [`${handle}-${harness.workspace.unique}`, ""]) {
        await client.resolve(wrong).catch((error: unknown) => {
          if (!(error instanceof PluginError)) throw error;
          errors.push(error.message);
        });
      }
      await client.close();
      // The log is complete when the process has ended.
      await harness.stop();
      requires(!harness.stderrText().includes(secret.trim()), "the log contains the secret");
      requires(!errors.some((text) => text.includes(secret.trim())), "the error of another handle contains the secret");
    },
  },
]);

function requireHandle(harness: Harness<"secret_provider">): string {
  return harness.subject.handle ?? harness.notApplicable("needs the handle of a secret", "pass one to --handle");
}

/** Returns the error of a Resolve that must fail. @throws Violation when it succeeds or is not answered. */
async function failureOf(
  harness: Harness<"secret_provider">,
  client: SecretProviderClient,
  handle: string,
): Promise<PluginError> {
  try {
    await answerWithin(client.resolve(handle), harness.answerMs, "Resolve of a handle without a secret");
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
  throw new Violation("a handle without a secret was answered with success");
}

function ignorePluginError(error: unknown): void {
  if (!(error instanceof PluginError)) throw error;
}
