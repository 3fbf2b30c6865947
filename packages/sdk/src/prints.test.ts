import { describe, expect, it } from "@jest/globals";
import { endFixturesAfterEach, generations, startImporter } from "./testing/fixture.js";
import { contentOf } from "./testing/read.js";

endFixturesAfterEach();

const ways = ["console.log", "process.stdout.write", "fs.writeSync", "a child"];
const places = ["the constructor", "scan", "a reader", "the middle of a reader", "close"];

describe.each(generations)("a plugin that prints to standard output, on %s", (generation) => {
  it.each([
    ["noisy-plugin.js", "pipes", ["an import", ...places]],
    ["careless-plugin.js", "pipes", places],
    ["noisy-plugin.js", "socket", ["an import", ...places]],
    ["careless-plugin.js", "socket", places],
  ] as const)("works, and the text is on standard error: %s over %s", async (fixture, transport, expected) => {
    const { client, log, stop } = await startImporter(generation, { fixture, transport });
    const scan = client.scan();
    const records: string[] = [];
    for await (const record of scan) {
      records.push(record.pathname);
      if (record.pathname === "/a") expect((await contentOf(client, "/a")).toString()).toBe("abcd");
      await scan.acknowledge(record);
    }
    await scan.finish();
    await client.close();
    expect(records).toEqual(["/", "/a"]);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines()).toEqual(
      expect.arrayContaining([...ways.flatMap((way) => expected.map((place) => `${way} in ${place}`)), "a slow child in scan"]),
    );
  });

});
