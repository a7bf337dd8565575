import * as pulumi from "@pulumi/pulumi";
import { compareApprovedTree, recordApprovedTree } from "../local-nix/approved-tree.ts";
import type { StagedTree } from "../local-nix/staged-tree.ts";
import { runIdentity } from "./run-identity.ts";

/** What was approved is what is deployed: a tree that changes between the preview and the update of one `up` stops it. */
export async function compareWithPreview(tree: StagedTree): Promise<void> {
  const run = await runIdentity();
  if (run === undefined) return;
  if (pulumi.runtime.isDryRun()) await recordApprovedTree(run, tree);
  else await compareApprovedTree(run, tree);
}
