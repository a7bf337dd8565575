import { Command } from "commander";
import { checkFleet } from "../../clan/checks/check-fleet.ts";
import { countFindings, findingsDocument } from "../../clan/checks/findings-json.ts";
import { renderFindings } from "../../clan/checks/render-findings.ts";
import type { Finding } from "../../clan/checks/rule.ts";
import { peerWithoutIdentity } from "../../clan/checks/rules/fc031-peer-without-identity.ts";
import { unreadableSecret } from "../../clan/checks/rules/fc032-unreadable-secret.ts";
import { orphanSecrets } from "../../clan/checks/rules/fc033-orphan-secrets.ts";
import { plaintextSecret } from "../../clan/checks/rules/fc048-plaintext-secret.ts";
import { missingVar } from "../../clan/checks/rules/fc061-missing-var.ts";
import { staleVar } from "../../clan/checks/rules/fc062-stale-var.ts";
import { circularKey } from "../../clan/checks/rules/fc063-circular-key.ts";
import { sopsRecipients } from "../../clan/checks/rules/fc064-sops-recipients.ts";
import { besideVars } from "../../clan/checks/rules/fc065-beside-vars.ts";
import { linkedRecipients } from "../../clan/checks/rules/fc066-linked-recipients.ts";
import { failing } from "../../clan/checks/run-checks.ts";
import { checked } from "../check.ts";
import { progressOn } from "../progress.ts";
import { readChosenFleet, sourceOfProject } from "../source-options.ts";
import type { Terminal } from "../terminal.ts";

/** Those of the checks that are about secrets and other vars. */
const rules = [
  peerWithoutIdentity,
  unreadableSecret,
  orphanSecrets,
  plaintextSecret,
  missingVar,
  staleVar,
  circularKey,
  sopsRecipients,
  besideVars,
  linkedRecipients,
];

/**
 * `fleet vars check`. Exit 0: no error that is not allowed; 1: some; 2: the fleet could not be read, or wrong usage;
 * 130: interrupted.
 */
export function varsCheckCommand(terminal: Terminal, signal: AbortSignal): Command {
  return new Command("check")
    .description("report vars that are missing, stale, or that their machine cannot open; decrypts nothing")
    .argument("[machine...]", "names; default: all, and what belongs to no machine")
    .option("--json", "findings as JSON", false)
    .option("--no-evaluate", "look at the files alone: what is declared is not known then")
    .action(async (machines: readonly string[], options: { json: boolean; evaluate: boolean }, command: Command) => {
      const report = progressOn(terminal, false);
      const read = async () => {
        const fleet = await readChosenFleet(command, await sourceOfProject(command), undefined, report, signal);
        const unknown = machines.filter((machine) => !Object.hasOwn(fleet.model.machines, machine));
        if (unknown.length > 0) command.error(`error: no machine ${unknown.join(", ")}`, { exitCode: 2 });
        return fleet;
      };
      const { evaluate } = options;
      const result = await checked(() => checkFleet(read, { rules, evaluate, report }, signal), terminal);
      if (result === undefined) return;
      const { findings, evaluated, notEvaluated } = result;
      const shown = findings.filter((finding) => concerns(finding, machines));
      for (const [machine, reason] of Object.entries(notEvaluated))
        if (machines.length === 0 || machines.includes(machine)) terminal.tell(`${machine}: not evaluated: ${reason}`);
      const summary = { ...countFindings(shown), rules: rules.length, evaluated, notEvaluated };
      const text = options.json ? JSON.stringify(findingsDocument(shown, summary), null, 2) : renderFindings(shown);
      terminal.answer(text);
      terminal.exitCode = failing(shown).length > 0 ? 1 : 0;
    });
}

function concerns({ subject }: Finding, machines: readonly string[]): boolean {
  return machines.length === 0 || (subject.kind === "machine" && machines.includes(subject.name));
}
