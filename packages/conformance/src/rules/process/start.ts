import { PluginContractError, PluginError, StatusCode } from "@kloset/host";
import { requireCompanionStarts } from "../../companion.js";
import { Violation } from "../../violation.js";
import type { CommonRule } from "../../rule.js";
import { withArticle } from "../../subject.js";

/** Checked first: if it is broken, no other rule can be checked. */
export const start: CommonRule = {
  id: "process.starts.init",
  title: "starts, and answers Init",
  because: "a plugin that does not start cannot be used, or checked any further",
  check: async (harness) => {
    try {
      await harness.start();
    } catch (error) {
      // Init was answered; other rules check the answer.
      if (error instanceof PluginContractError) return;
      if (!(error instanceof PluginError)) throw error;
      const reason =
        error.code === StatusCode.UNIMPLEMENTED
          ? `it is not ${withArticle(harness.connector)}, or does not support ${harness.generation}`
          : "Init failed";
      throw new Violation(`${reason}: ${error.message} (code ${error.code})`);
    }
    await requireCompanionStarts(harness);
  },
};
