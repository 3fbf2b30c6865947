import { Command } from "commander";
import type { CommandFactory } from "../command.js";
import { diagnose } from "../doctor/diagnose.js";
import { systemEnvironment } from "../doctor/environment.js";
import type { Finding } from "../doctor/finding.js";
import { ExitCode } from "../exit-code.js";
import { jsonOption } from "../options.js";
import { ownVersion } from "../version.js";

/** `kloset doctor`. */
export const doctorCommand: CommandFactory = ({ terminal, signal, exitWith }) =>
  new Command("doctor")
    .description("Reports the versions that meet here, and what will not work, with the command that mends it.")
    .argument("[folder]", "folder of the project", ".")
    .addOption(jsonOption())
    .action(async (folder: string, { json }: { readonly json?: boolean }) => {
      const findings = await diagnose(systemEnvironment(folder, ownVersion(), signal));
      terminal.out(json === true ? `${JSON.stringify({ findings }, null, 2)}\n` : reportOf(findings));
      if (findings.some(({ level }) => level === "error")) exitWith(ExitCode.FAILED);
    });

function reportOf(findings: readonly Finding[]): string {
  const indent = " ".repeat("warning".length);
  const lines = findings.flatMap(({ level, text, fix }) => [
    `${level.padEnd(indent.length)}  ${text}`,
    ...(fix === undefined ? [] : [`${indent}  → ${fix}`]),
  ]);
  const count = (level: Finding["level"]): number => findings.filter((finding) => finding.level === level).length;
  return `${lines.join("\n")}\n\nerrors: ${count("error")}, warnings: ${count("warning")}\n`;
}
