import type { Told } from "./laboratory.ts";

/** How often plans were right, wrong, or said that they did not know. */
export interface Sum {
  readonly scenarios: number;
  readonly right: number;
  readonly wrong: number;
  readonly unknown: number;
}

export function sumOf(told: readonly Told[]): Sum {
  const all = told.flatMap(({ statements }) => statements);
  const count = (verdict: string): number => all.filter((statement) => statement.verdict === verdict).length;
  return { scenarios: told.length, right: count("right"), wrong: count("wrong"), unknown: count("unknown") };
}

/** `60 scenarios, 612 statements: 600 right, 12 unknown, 0 wrong`. */
export function renderSum({ scenarios, right, wrong, unknown }: Sum): string {
  return `${scenarios} scenarios, ${right + wrong + unknown} statements: ${right} right, ${unknown} unknown, ${wrong} wrong`;
}

/** The page docs/preview-fidelity.md. */
export function renderTable(told: readonly Told[]): string {
  const rows = told.map(({ name, plan, outcome, statements }) => {
    const of = (verdict: string): string[] => statements.flatMap((one) => (one.verdict === verdict ? [one.field] : []));
    const cells = [
      name,
      plan.change,
      outcome ?? "nothing deployed",
      String(of("right").length),
      of("unknown").join(", "),
      of("wrong").join(", "),
    ];
    return `| ${cells.map((cell) => cell || "–").join(" | ")} |`;
  });
  return `# Whether a preview comes true

Written by \`npm run fidelity -- --table docs/preview-fidelity.md\`, which repeats it in three minutes on two cores:
**${renderSum(sumOf(told))}.**

Each scenario changes one thing on a simulated host ([sim/README.md](../sim/README.md)): what is declared, what somebody did
to the host, or the policy. Then the plan is made, from the state that the provider left, and after it the provider does
what an \`up\` does: it compares, builds, pushes, activates, and looks again. Before and after, the host itself is asked, not
over SSH, for its systems, the state and the last start of every unit, the jobs that ran, the services that were reloaded,
and every valid path of its store.
Each statement of the plan is then compared with that. Where a plan says that it does not know, it states nothing. That an
update will fail and be rolled back no plan foretells: it says what is tried.

| field | true if |
| --- | --- |
| change | an update was made exactly where one was announced, and nothing on the host moved where none was |
| reachable, current | the host was on, and ran that system |
| why | it names what the scenario changed of the fleet, neither more nor less, and what was done to the host |
| packages | the same lists and sizes come out of both closures as the host has them |
| copy | so many paths came into the host's store, of so many bytes |
| reboot | kernel, initrd, modules or parameters are not those that were booted, or the switch was inhibited; never of a Mac |
| rebooted | the host was booted anew by the deployment, or was not |
| secrets | the key on the host became another one, or did not |
| units | exactly these were stopped, started, restarted, reloaded, and left alone: by the ids of their last start. Of a Mac: its daemons |

| scenario | planned | what came of it | right | unknown | wrong |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

Not seen here: a real switch-to-configuration (the simulation has its order and its rules, written down in
[sim/system/README.md](../sim/system/README.md)), mounts, users' sessions, a real launchd: the simulated Mac has nix-darwin's
order of its jobs, and its systemd runs them.

What needs the whole of Pulumi is planned by the real \`fleet plan\` or \`pulumi preview\`, then made by the real \`pulumi up\`, and
compared by the tests:

| what changes | compared in |
| --- | --- |
| tag moved, role added and lost, file of the tree edited | \`tests/e2e/plan.test.ts\` |
| jobs of a Mac, by its own edit | \`tests/e2e/plan.test.ts\` |
| wave of each machine | \`tests/e2e/rollout.test.ts\` |
| node made, switched off and on, moved to another zone, deleted; zones tried, the first or all of them full | \`tests/e2e/cloud-node.test.ts\` |
| bytes that go as differences over a slow way | \`tests/deploy/on-hosts/push-delta.test.ts\` |
| derivations to build | \`tests/local-nix/planned-build.test.ts\` |
`;
}
