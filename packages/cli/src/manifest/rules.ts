/** `error`: a host refuses the package, or does something else than the manifest says. `warning`: the rest. */
export type ProblemLevel = "error" | "warning";

/** A rule of the linter. */
export interface ManifestRule {
  readonly level: ProblemLevel;
  /** The fault that it finds, as a noun phrase in Markdown. */
  readonly finds: string;
  /** The part that `--fix` does. Absent if the author must decide. */
  readonly fixes?: string;
}

/** The rules of the linter, by id. */
export const MANIFEST_RULES = {
  "file-name": {
    level: "error",
    finds: "a file that is not called `manifest.yaml`, the only name that Plakar accepts",
    fixes: "renames `manifest.yml`",
  },
  "yaml-syntax": { level: "error", finds: "text that is not one YAML document with keys" },
  "duplicate-key": { level: "error", finds: "a key that occurs twice: Plakar cannot read the file" },
  "misspelt-key": {
    level: "error",
    finds: "a key that hosts ignore and that resembles one they know, such as `flags` for `location_flags`",
    fixes: "renames the key",
  },
  "unknown-key": { level: "warning", finds: "another key that hosts ignore, or one in the wrong place" },
  "missing-key": { level: "error", finds: "a key without which Plakar cannot use the manifest" },
  "missing-text": {
    level: "warning",
    finds: "no `display_name`, `description` or `license`, which Plakar's list of integrations shows",
  },
  "wrong-type": { level: "error", finds: "a list in place of a text, or the reverse" },
  name: { level: "error", finds: "a package name with other characters than letters, digits and hyphens" },
  "version-missing": { level: "warning", finds: "no `version`: Plakar 1.0 cannot create the package" },
  "version-prefix": { level: "warning", finds: "a `version` without `v`", fixes: "adds the `v`" },
  version: { level: "error", finds: "a `version` that is not a semantic version" },
  "connector-type": {
    level: "error",
    finds: "a `type` that hosts do not know, such as `store` for `storage`: they ignore the connector",
    fixes: "corrects the type if it resembles a known one",
  },
  class: { level: "error", finds: "a `class` that the control plane does not know" },
  subclass: { level: "error", finds: "a `subclass` that its class does not have" },
  protocol: {
    level: "error",
    finds: "a protocol that cannot start a location, or that two connectors of one type claim",
  },
  "flag-unknown": {
    level: "error",
    finds: "a location flag that no host knows: all of them refuse the package",
    fixes: "corrects the flag if it resembles a known one",
  },
  "flag-unreleased": { level: "error", finds: "`exportxattr`: Plakar 1.0 and 1.1 and plaklet refuse the package" },
  "flag-refused": { level: "warning", finds: "`stream`, `needack` or `nomerge`: Plakar 1.0 refuses the package" },
  "file-missing": { level: "error", finds: "a file that does not exist" },
  "file-outside": { level: "error", finds: "a file outside the folder of the manifest, or an absolute path" },
  "file-directory": { level: "error", finds: "a folder in place of a file: it arrives empty" },
  "file-twice": {
    level: "warning",
    finds: "an executable or extra file that is named twice: Plakar 1.0 refuses the package",
  },
  "run-bit": { level: "error", finds: "an executable without a run bit", fixes: "sets the run bits" },
  format: {
    level: "error",
    finds: "an executable that systems cannot start: no `#!` line, or a broken one, and no ELF, Mach-O or PE file",
  },
  "validator-missing": {
    level: "warning",
    finds: "a connector without `validator`: the control plane has no form for it",
  },
  "validator-json": {
    level: "error",
    finds: "a validator that is not a JSON object: Plakar cannot create the package",
  },
  "validator-schema": { level: "error", finds: "a validator that is not a valid JSON Schema (2020-12)" },
  "validator-strict": {
    level: "warning",
    finds: "a schema that accepts too much: unknown keys, a missing or any `location`",
  },
  "validator-form": {
    level: "warning",
    finds:
      "a schema without a form in the control plane: nested values, values without a type, or an `enum` of other values than texts",
  },
  "validator-differs": { level: "error", finds: "a validator that differs from the options of the connector's module" },
  "manifest-differs": { level: "error", finds: "a manifest that differs from the `kloset` key of package.json" },
  "secret-name": {
    level: "warning",
    finds: "an option that holds a secret, but whose name `plakar store show` and its siblings do not mask",
  },
  "init-failed": { level: "error", finds: "a connector that does not start, or rejects Init (with `--location`)" },
  "flags-differ": {
    level: "error",
    finds: "location flags that contradict the connector's answer to Init (with `--location`)",
  },
} as const satisfies Readonly<Record<string, ManifestRule>>;

/** The id of a rule. */
export type ManifestRuleId = keyof typeof MANIFEST_RULES;

/** Returns the Markdown table of the rules, which is part of the README. */
export function rulesTable(): string {
  const rows = Object.entries<ManifestRule>(MANIFEST_RULES).map(
    ([id, { level, finds, fixes = "" }]) => `| \`${id}\` | ${level} | ${finds} | ${fixes} |`,
  );
  return ["| rule | level | finds | `--fix` |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
