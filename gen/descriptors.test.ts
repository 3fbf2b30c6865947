/**
 * Compares the stubs with the recorded descriptors of deployed hosts: every service, method kind, message, field number
 * and type. `npm run protos:update` lists what the protos have in addition; no released host sends any of that.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { additionsTo, factsOf, formatFacts, withoutAdditions, type Facts } from "../scripts/protos/facts.js";
import { files } from "./testing/messages.js";

const folder = fileURLToPath(new URL("../fixtures/descriptors/", import.meta.url));
const generations = readdirSync(folder).flatMap((name) => /^additions-(.*)\.json$/.exec(name)?.[1] ?? []);

describe.each(generations)("the stubs of generation %s", (generation) => {
  const path = `${folder}descriptors-${generation}.json`;
  const text = existsSync(path) ? readFileSync(path, "utf8") : formatFacts({ enums: {}, messages: {}, services: {} });
  const facts = JSON.parse(text) as Facts;
  const additions = JSON.parse(readFileSync(`${folder}additions-${generation}.json`, "utf8")) as string[];
  const prefix = `${generation.replaceAll(".", "_")}/`;
  const ours = factsOf(files.map(([file]) => file).filter(({ name }) => name.startsWith(prefix)));

  it("have the services, messages, fields and enums of deployed hosts, with the same numbers and types", () => {
    const shared = withoutAdditions(ours, additions);
    expect(shared).toEqual(withoutAdditions(facts, []));
  });

  it("have the recorded additions, and no others", () => {
    expect(additionsTo(facts, ours)).toEqual(additions);
  });

  it("are compared with facts that the command formats as they were recorded", () => {
    expect(formatFacts(facts)).toBe(text);
  });
});
