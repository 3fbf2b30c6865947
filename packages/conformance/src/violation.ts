/** Thrown by a check when the plugin breaks the rule. The message goes into the report. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Thrown by a check when the rule cannot be checked on this plugin. The message says why. */
export class NotApplicable extends Error {
  override readonly name = "NotApplicable";
  /** How the user can have the rule checked, if that is possible: "put {directory} into the location". */
  readonly enable: string | undefined;

  constructor(reason: string, enable?: string) {
    super(reason);
    this.enable = enable;
  }
}

/** @throws Violation with the message unless the condition holds. */
export function requires(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new Violation(typeof message === "string" ? message : message());
}
