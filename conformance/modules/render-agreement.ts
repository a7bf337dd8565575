import type { Agreement, Disagreement } from "./compare.ts";
import type { Outcome } from "./evaluate-here.ts";

/** Nothing differs, and little was left undecided. */
export function isConform({ cases, disagreements, undecided }: Agreement): boolean {
  return disagreements.length === 0 && undecided.length * 20 <= cases;
}

/** What came out, the smallest of the module sets that differ in full. */
export function renderAgreement(agreement: Agreement, seed: number): string {
  const { cases, options, values, disagreements, undecided } = agreement;
  const compared = `${options} options compared, ${values} with a value, ${options - values} refused by nixpkgs`;
  const bySet = Map.groupBy(disagreements, ({ modules }) => modules);
  const smallest = [...bySet].sort(([a], [b]) => a.length - b.length).slice(0, 3);
  return [
    `modules: ${cases} module sets (seed ${seed}): ${compared}; ${disagreements.length} disagree`,
    ...(undecided.length === 0 ? [] : [`modules: Nix itself died of ${undecided.length} sets: ${undecided[0]}`]),
    ...smallest.map(([modules, differing]) => `${differing.map(renderDisagreement).join("")}\n${modules}`),
  ].join("\n");
}

function renderDisagreement({ path, here, there }: Disagreement): string {
  return `\n${path}\n  here:    ${renderOutcome(here)}\n  nixpkgs: ${renderOutcome(there)}`;
}

function renderOutcome(outcome: Outcome): string {
  return "json" in outcome ? outcome.json : outcome.fails.replaceAll("\n", "\n           ");
}
