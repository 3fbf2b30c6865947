import { PluginContractError, PluginError, StatusCode } from "@kloset/host";
import { Violation, type CommonRule } from "../../rule.js";

/** Where it is broken, nothing else can be asked. */
export const start: CommonRule = {
  id: "process.starts.init",
  title: "starts, and answers Init",
  because: "nothing else of it can be used, or checked",
  check: async (bench) => {
    try {
      await bench.start();
    } catch (error) {
      // Answered; that it was answered in a wrong way is another rule's to say.
      if (error instanceof PluginContractError) return;
      if (!(error instanceof PluginError)) throw error;
      const reason =
        error.code === StatusCode.UNIMPLEMENTED
          ? `it is no ${bench.connector}, or does not speak ${bench.generation}`
          : "it refuses Init";
      throw new Violation(`${reason}: ${error.message} (code ${error.code})`);
    }
  },
};
