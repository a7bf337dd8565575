import type { MachinePlan } from "../../clan/plan/machine-plan.ts";
import type { MachineSecrets, UserKeyOfHome } from "../../clan/vars/machine-secrets.ts";
import { lackingIdentity } from "../clan-secrets.ts";
import type { Known } from "./plan-machine.ts";
import { type DeclaredSystem, differsInSecrets } from "./system-difference.ts";

/**
 * What an update would do about a machine's secrets, where it sends any. Nothing is decrypted.
 * @param lacking - tests look for other keys than this operator's.
 */
export async function secretNotes(
  machine: string,
  known: Known,
  declared: DeclaredSystem & { readonly secrets?: MachineSecrets | null | undefined },
  lacking = lackingIdentity,
): Promise<MachinePlan["notes"]> {
  const { secrets } = declared;
  if (secrets == null || !sends(known, declared)) return [];
  const brought = secrets.userKeys.filter(({ recipients }) => recipients.length > 0).map(renderUserKey);
  const missing = await lacking(machine, secrets);
  if (missing === undefined) return brought;
  const { summary, expected } = missing.facts;
  const what = summary.replace(`${machine}: `, "");
  const recipients = expected.split("\n").slice(1).join(", ");
  return [
    ...brought,
    { kind: "secrets", text: `refused before the build: ${what}, which is encrypted to ${recipients || "nobody"}` },
  ];
}

function renderUserKey({ user, path, recipients }: UserKeyOfHome): MachinePlan["notes"][number] {
  return { kind: "secrets", text: `the key of ${user} (${recipients.join(", ")}) comes into ${path}` };
}

function sends(known: Known, declared: DeclaredSystem): boolean {
  if (known.kind === "unreadable") return false; // as the plan's own change has it
  const delivered = known.kind === "known" ? known.deployment.secretsDelivered : undefined;
  return differsInSecrets(delivered ?? null, declared);
}
