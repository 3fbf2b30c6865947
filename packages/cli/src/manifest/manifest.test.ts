import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { manifestText, type Manifest } from "./manifest.js";

const manifest: Manifest = {
  connectors: [
    {
      executable: "notes-importer",
      type: "importer",
      protocols: ["notes", "notes+http"],
      args: [],
      extraFiles: ["a.wasm"],
    },
    {
      executable: "notes-storage",
      type: "storage",
      protocols: ["notes"],
      locationFlags: ["localfs"],
      args: ["--x", "y: z"],
    },
  ],
  name: "notes",
  displayName: "Notes: all of them",
  version: "v1.2.3",
  tags: ["1.0", "yes"],
};

describe("manifestText", () => {
  it("writes the keys in a fixed order, and lists on one line", () => {
    expect(manifestText(manifest)).toBe(`name: notes
display_name: "Notes: all of them"
version: v1.2.3
tags: ["1.0", yes]
connectors:
  - type: importer
    protocols: [notes, notes+http]
    executable: notes-importer
    extra_files: [a.wasm]
  - type: storage
    protocols: [notes]
    location_flags: [localfs]
    executable: notes-storage
    args: [--x, "y: z"]
`);
  });

  it("quotes texts that YAML would read as something else", () => {
    const text = manifestText({
      ...manifest,
      description: "line\nbreak",
      license: "null",
      contact: "#1",
      tags: ["0x1f"],
    });
    expect(parse(text)).toMatchObject({ description: "line\nbreak", license: "null", contact: "#1", tags: ["0x1f"] });
  });
});
