import assert from "node:assert/strict";
import { it } from "mocha";
import { allRules } from "../../../../clan/checks/all-rules.ts";
import { checkFleet } from "../../../../clan/checks/check-fleet.ts";
import { readFleet } from "../../../../clan/read-fleet.ts";
import { formatLocation } from "../../../../composition/source-location.ts";
import { patience } from "../../../deploy/support/signals.ts";
import { temporaryFleet } from "../../support/temporary-fleet.ts";
import type { Files } from "./sound-fleet.ts";

/** One edit of the sound fleet, and what the rules find then. */
export interface Mutation {
  /** What the edit is. */
  readonly what: string;
  readonly files: Files;
  /** What a text cannot do: links, git. */
  readonly prepare?: (root: string) => Promise<unknown>;
  /** `<rule> <severity>: <subject> at <place>` of the only finding. */
  readonly finding: string;
}

/** Everything that all rules find, a line each. */
export async function findings({ files, prepare }: Pick<Mutation, "files" | "prepare">): Promise<readonly string[]> {
  await using fleet = await temporaryFleet(files);
  await prepare?.(fleet.root);
  const options = { rules: allRules, evaluate: false, report: () => undefined };
  const { findings: found } = await checkFleet(() => readFleet(fleet.root), options, patience());
  return found.map(({ rule, severity, subject, at }) => {
    return `${rule} ${severity}: ${subject.kind} ${subject.name}${at === null ? "" : ` at ${formatLocation(at)}`}`;
  });
}

/** A test for each: the edit raises this finding and no other. */
export function raiseOneFindingEach(mutations: readonly Mutation[]): void {
  for (const mutation of mutations) {
    it(`${mutation.finding.slice(0, 5)}: ${mutation.what}`, async () => {
      assert.deepEqual(await findings(mutation), [mutation.finding]);
    });
  }
}
