/** The connector of an author, which inspect bundles. */
import { directory, file, log, defineImporter, type Importer } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

export default defineImporter({
  config: {
    license: option.secret({ description: "License of the shop" }),
    fault: option.enum(["none", "size", "record", "init", "hang", "exit"], {
      default: "none",
      description: "Fault of the importer",
    }),
  },
  connect: ({ config: { license, fault } }): Importer => {
    process.stderr.write(`running ${process.pid} ${process.argv[1]}\n`);
    process.stderr.write(`connecting with ${license}\n`);
    if (fault === "init") throw new Error("the shop is closed\u001b[2J");
    return {
      origin: () => "shop",
      type: () => "shop",
      root: () => "/",
      async *scan() {
        yield directory("/");
        yield file("/a\u001b[31m.txt", { size: fault === "size" ? 4 : 3, read: () => Buffer.from("abc") });
        if (fault === "record") yield { pathname: "/b", error: new Error("no permission") };
        if (fault === "exit") process.exit(7);
        if (fault !== "hang") return;
        log.error("waiting for the next record");
        await new Promise(() => undefined);
      },
      close: () => undefined,
    };
  },
});
