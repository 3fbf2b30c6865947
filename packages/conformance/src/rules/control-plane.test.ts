// The rules for secret providers and inventories: each on a sound plugin, and on one that breaks it.
import { describe, expect, it } from "@jest/globals";
import type { Report } from "../outcome.js";
import { checkConformance } from "../run.js";
import {
  HANDLE,
  inventoryBreakages,
  launchInventory,
  launchSecretProvider,
  secretProviderBreakages,
} from "../testing/broken-provider.js";
import { inventoryRules } from "./inventory/index.js";
import { rules } from "./index.js";
import { secretProviderRules } from "./secret-provider/index.js";

const vault = {
  connector: "secret_provider",
  executable: "in process",
  location: "vault://test",
  handle: HANDLE,
} as const;
const list = { connector: "inventory", executable: "in process", location: "list://test" } as const;
/** The limit for plugins that never answer. */
const HANG_MS = 500;

/** Returns the outcomes that are not passed, as "rule: verdict". */
function notPassed({ outcomes }: Report): string[] {
  return outcomes.filter(({ verdict }) => verdict !== "passed").map(({ rule, verdict }) => `${rule}: ${verdict}`);
}

/** The rules that need a process of its own. */
const NEED_A_PROCESS = [
  "process.leftovers.descriptors: not applicable",
  "process.leftovers.given-up: not applicable",
  "process.leftovers.processes: not applicable",
];

describe("all rules", () => {
  it.each([
    ["a sound secret provider", { ...vault, launch: launchSecretProvider() }],
    ["a sound inventory", { ...list, launch: launchInventory() }],
  ])("pass %s, in one generation", async (_, subject) => {
    const report = await checkConformance(subject, { rules, strict: true });
    expect(notPassed(report)).toEqual(NEED_A_PROCESS);
    expect(new Set(report.outcomes.map(({ generation }) => generation))).toEqual(new Set(["v1.1"]));
    expect(report.ok).toBe(true);
  });

  it("that need a secret do not apply without its handle", async () => {
    const subject = { ...vault, handle: undefined, launch: launchSecretProvider() };
    const report = await checkConformance(subject, { rules: secretProviderRules, strict: true });
    const names = ["known", "at-once", "goes-on", "cancelled", "silent"];
    expect(notPassed(report)).toEqual(names.map((name) => `secret_provider.resolve.${name}: not applicable`));
  });
});

describe("the rules for secret providers", () => {
  it.each(secretProviderBreakages.map((each) => [each.rule, each] as const))("catch %s", async (rule, breakage) => {
    const own = secretProviderRules.filter(({ id }) => id === rule);
    const others = secretProviderRules.filter(({ id }) => id !== rule);
    const launch = launchSecretProvider(breakage);
    const options = { strict: true, ...(breakage.hangs && { answerMs: HANG_MS }) };
    expect(notPassed(await checkConformance({ ...vault, launch }, { ...options, rules: own }))).toEqual([
      `${rule}: failed`,
    ]);
    // A plugin that resolves nothing, or anything, or hangs, breaks others as well.
    if (/known|missing/.test(rule) || breakage.hangs) return;
    expect(
      notPassed(
        await checkConformance({ ...vault, launch: launchSecretProvider(breakage) }, { strict: true, rules: others }),
      ),
    ).toEqual([]);
  });

  it("are each broken by a plugin", () => {
    const broken = new Set(secretProviderBreakages.map(({ rule }) => rule));
    expect(secretProviderRules.map(({ id }) => id).filter((id) => !broken.has(id))).toEqual([]);
  });
});

describe("the rules for inventories", () => {
  it.each(inventoryBreakages.map((each) => [each.rule, each] as const))("catch %s", async (rule, breakage) => {
    const launch = launchInventory(breakage);
    const own = inventoryRules.filter(({ id }) => id === rule);
    const others = inventoryRules.filter(({ id }) => id !== rule);
    const options = { strict: true, ...(breakage.hangs && { answerMs: HANG_MS }) };
    expect(notPassed(await checkConformance({ ...list, launch }, { ...options, rules: own }))).toEqual([
      `${rule}: failed`,
    ]);
    // A listing that fails, or never ends, breaks every other rule as well.
    if (rule === "inventory.list.complete" || breakage.hangs) return;
    expect(notPassed(await checkConformance({ ...list, launch }, { strict: true, rules: others }))).toEqual([]);
  });

  it("are each broken by a plugin", () => {
    const broken = new Set(inventoryBreakages.map(({ rule }) => rule));
    expect(inventoryRules.map(({ id }) => id).filter((id) => !broken.has(id))).toEqual([]);
  });
});
