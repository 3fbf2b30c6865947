import { expect, it } from "@jest/globals";
import { readmeProject } from "./readme-project.js";

const { kit } = readmeProject();

it("the README shows a plugin that passes the whole conformance kit with the command of the README", async () => {
  expect(await kit()).toMatch(/^\n\.\/notes\.js as importer conforms: \d+ passed/);
}, 180_000);
