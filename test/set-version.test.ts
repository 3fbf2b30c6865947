import { describe, expect, it } from "@jest/globals";
import { releaseChangelog, withVersion } from "../scripts/set-version.js";

describe("withVersion", () => {
  it("sets the version of a package and of its siblings among the dependencies", () => {
    const manifest = {
      name: "@kloset/b",
      version: "0.1.0",
      dependencies: { "@kloset/a": "0.1.0", commander: "^14.0.0" },
      devDependencies: { "@kloset/c": "0.1.0" },
    };
    expect(withVersion(manifest, new Set(["@kloset/a", "@kloset/b", "@kloset/c"]), "0.2.0-rc.1")).toEqual({
      name: "@kloset/b",
      version: "0.2.0-rc.1",
      dependencies: { "@kloset/a": "0.2.0-rc.1", commander: "^14.0.0" },
      devDependencies: { "@kloset/c": "0.2.0-rc.1" },
    });
  });
});

describe("releaseChangelog", () => {
  const before = "# Changelog\n\n## Unreleased\n\n### Added\n- A thing.\n\n## 0.1.0 – 2026-01-01\n\n- Old.\n";

  it("closes the unreleased section and opens an empty one", () => {
    expect(releaseChangelog(before, "0.2.0", "2026-02-03")).toBe(
      "# Changelog\n\n## Unreleased\n\n## 0.2.0 – 2026-02-03\n\n### Added\n- A thing.\n\n## 0.1.0 – 2026-01-01\n\n- Old.\n",
    );
  });

  it.each([
    ["an empty unreleased section", "# Changelog\n\n## Unreleased\n\n## 0.1.0 – 2026-01-01\n\n- Old.\n", "0.2.0"],
    ["a changelog without an unreleased section", "# Changelog\n\n## 0.1.0 – 2026-01-01\n\n- Old.\n", "0.2.0"],
    ["a version that is listed already", before, "0.1.0"],
  ])("rejects %s", (_, text, version) => {
    expect(() => releaseChangelog(text, version, "2026-02-03")).toThrow(/^CHANGELOG\.md /);
  });
});
