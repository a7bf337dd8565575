import * as pulumi from "@pulumi/pulumi";
import { parseStackConfig } from "../clan/stack-config.ts";
import type { Stack } from "../stack/stack.ts";

/** The stack that this run of the program is for. @throws {StackConfigError} */
export function readStack(): Stack {
  const project = pulumi.getProject();
  const name = pulumi.getStack();
  const file = `Pulumi.${name}.yaml`;
  return { project, name, file, config: parseStackConfig(pulumi.runtime.allConfig(), file) };
}
