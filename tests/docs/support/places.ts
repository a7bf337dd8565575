import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { scriptCallOf } from "./check-npm-command.ts";
import { checkout } from "./documented-commands.ts";

/** Commands that the tests of the documentation do not run, and why, or the test that does. */
interface Elsewhere {
  /** How the command begins, as `canonical` writes it. */
  readonly command: string;
  /** Test that runs it: relative to `tests/`, and has its words. */
  readonly test?: string;
  /** Why no test runs it. */
  readonly because?: string;
}

export const elsewhere: readonly Elsewhere[] = [
  { command: "fleet --flake", test: "e2e/adopted-flake.test.ts" },
  { command: "fleet deploy", test: "e2e/without-pulumi.test.ts" },
  { command: "fleet rollback", test: "e2e/without-pulumi.test.ts" },
  { command: "fleet status", test: "e2e/without-pulumi.test.ts" },
  { command: "fleet ssh", test: "e2e/without-pulumi.test.ts" },
  { command: "fleet history", test: "e2e/rollout.test.ts" },
  { command: "fleet plan", test: "e2e/plan.test.ts" },
  { command: "fleet push", test: "cli/on-hosts/push.test.ts" },
  { command: "fleet doctor", test: "cli/on-hosts/ways.test.ts" },
  { command: "fleet install", test: "cli/on-hosts/install.test.ts" },
  { command: "fleet move", test: "e2e/moved-machine.test.ts" },
  { command: "fleet init", test: "e2e/installed-package.test.ts" },
  { command: "fleet vars check", test: "cli/vars.test.ts" },
  { command: "fleet vars generate", test: "cli/vars.test.ts" },
  {
    command: "fleet lock",
    because: "asks the hosts of the flake's inputs; tests/local-nix/lock.test.ts has what it does",
  },
  { command: "pulumi preview", test: "e2e/fleet-life.test.ts" },
  { command: "pulumi up", test: "e2e/fleet-life.test.ts" },
  { command: "pulumi up --target", because: "tests/e2e/rollout.test.ts does it, by the function `up`" },
  { command: "pulumi refresh", test: "e2e/fleet-life.test.ts" },
  { command: "pulumi import", test: "e2e/cloud-node.test.ts" },
  { command: "pulumi destroy", test: "e2e/fleet-life.test.ts" },
  { command: "pulumi stack output", test: "e2e/support/preview.ts" },
  { command: "pulumi state delete", because: "forgets a resource, which is Pulumi's own affair" },
  { command: "pulumi stack rename", test: "e2e/moved-machine.test.ts" },
  { command: "pulumi stack init core --secrets-provider", because: "wants a cloud's key service" },
  { command: "pulumi stack change-secrets-provider", because: "wants a cloud's key service" },
  { command: "pulumi config set --secret", test: "e2e/moved-machine.test.ts" },
  { command: "pulumi cancel --stack core", because: "the simulated fleet cancels its own stack" },
  {
    command: "npm run acceptance",
    because: "wants a machine to spare; tests/acceptance/on-hosts tries a simulated one",
  },
  { command: "npm run bench", because: "takes minutes of a machine that does nothing else" },
  { command: "npm run chaos", because: "takes an hour; tests/chaos/on-hosts has some of its runs" },
  { command: "npm run fidelity", because: "takes an hour; tests/fidelity/on-hosts has some of its scenarios" },
  { command: "npm run package", because: "tests/e2e/support/fresh-project.ts calls the script itself" },
  { command: "npm audit", because: "asks the registry" },
  { command: "npm ci", because: "asks the registry" },
  { command: "npm install", because: "asks the registry" },
  { command: "npm test", because: "is what runs the tests" },
  { command: "gh", because: "wants a pull request" },
  { command: "npm pack", because: "refuses in a checkout" },
  { command: "node --cpu-prof", because: "measures" },
  { command: "git commit", because: "asks for a message" },
];

/** Programs that a page may run in a copy of the example fleet without hosts: none of them leaves it. */
const here =
  /^(fleet|pulumi (config|stack)|npm run setup -- --check|npm run sim -- status|node scripts\/docs\/\S+|git|sed|cat|cd|ls|mkdir|cp|rm|echo|printf|grep|head|tail|diff|export|true)( |$)/;

/** `fleet` and `pulumi` without what stands before them in a checkout. */
export function canonical([program = "", ...args]: readonly string[]): string {
  if (program === "npx") return args.join(" ");
  const call = program === "npm" ? scriptCallOf(args) : undefined;
  const isWrapped = call !== undefined && ["fleet", "pulumi"].includes(call.script);
  return isWrapped ? [call.script, ...call.args].join(" ") : [program, ...args].join(" ");
}

/** @returns the entry for this command with the most words. Absent: the tests of the documentation run it. */
export function elsewhereOf(command: string): Elsewhere | undefined {
  const entries = elsewhere.filter(({ command: start }) => command === start || command.startsWith(`${start} `));
  return entries.toSorted((a, b) => b.command.length - a.command.length)[0];
}

export function runsHere(command: string): boolean {
  return elsewhereOf(command) === undefined && here.test(command);
}

/** @returns why an entry is none that stands. */
export function staleReason({ command, test, because }: Elsewhere): string | undefined {
  if (because !== undefined) return undefined;
  const path = join(checkout, "tests", test ?? "");
  if (test === undefined || !existsSync(path)) return `${command}: ${test}: no such file`;
  const [, ...words] = command.split(" ").filter((word) => word !== "run");
  const text = readFileSync(path, "utf8");
  const quoted = new RegExp(words.map((word) => `"${word}".*`).join(""));
  return quoted.test(text) || text.includes(words.join(" ")) ? undefined : `${command}: ${test} does not run it`;
}
