// `node chaos/deliver-with-secrets.ts <project> <identity>`: the engine as an operator's process of its own, with secrets,
// for which Pulumi's resources have no source. Every machine at once; a line `<machine>: <outcome>` for each on stdout.
import { createHash } from "node:crypto";
import { deployMachine } from "../deploy/deploy-machine.ts";
import { renderOutcome } from "../deploy/outcome.ts";
import type { SecretFile, SecretSource } from "../deploy/secrets/secret-source.ts";
import { FleetError } from "../errors.ts";
import type { FleetEvent } from "../report.ts";
import { type Delivery, isAsAsked } from "../stack/delivery.ts";
import { resolveWay } from "../stack/way-to-host.ts";
import { keyFile, tokenFile } from "./invariants.ts";
import { buildSystem, readDeliveries } from "./systems.ts";

function secretsOf(identity: string): SecretSource {
  const file = (path: string, words: string): SecretFile => ({
    path,
    read: () => Promise.resolve(new TextEncoder().encode(words)),
  });
  return {
    stage: () =>
      Promise.resolve({
        digest: createHash("sha256").update(identity).digest("hex"),
        identities: [file(keyFile, `${identity}\n`)],
        files: [file(tokenFile, `token of ${identity}\n`)],
        proveOpenable: (staged) => ({ command: ["grep", "-qxF", identity, staged.of(keyFile)] }),
      }),
  };
}

async function deliver(delivery: Delivery, identity: string): Promise<boolean> {
  const { machine, system, toplevel, policy, owner } = delivery;
  const signal = AbortSignal.timeout(240_000);
  const say = (words: string): void => console.log(`${machine}: ${words}`);
  const report = ({ level, phase, message }: FleetEvent): void => {
    if (level !== "debug") console.error(`${machine}: ${phase}: ${message}`);
  };
  try {
    await buildSystem(delivery, report, signal);
    const connection = await resolveWay(delivery);
    const request = { machine, connection, class: delivery.class, system, toplevel, policy, owner };
    const outcome = await deployMachine({ ...request, secrets: secretsOf(identity) }, report, signal);
    say(renderOutcome(outcome).slice(machine.length + 2));
    return isAsAsked(outcome, policy);
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    say(`error: ${error.facts.summary.replace(`${machine}: `, "")}`);
    return false;
  }
}

const [root = ".", identity = ""] = process.argv.slice(2);
const silent = (): void => undefined;
const deliveries = await readDeliveries(root, silent, AbortSignal.timeout(240_000));
const ended = await Promise.all(deliveries.map((delivery) => deliver(delivery, identity)));
process.exitCode = ended.every(Boolean) ? 0 : 1;
