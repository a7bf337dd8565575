import * as pulumi from "@pulumi/pulumi";
import { parseStackConfig, type StackConfig } from "../clan/stack-config.ts";

/** The stack that this run of the program is for. */
export interface Stack {
  readonly project: string;
  readonly name: string;
  /** File of its configuration, for messages. */
  readonly file: string;
  readonly config: StackConfig;
}

/** @throws {StackConfigError} */
export function readStack(): Stack {
  const project = pulumi.getProject();
  const name = pulumi.getStack();
  const file = `Pulumi.${name}.yaml`;
  return { project, name, file, config: parseStackConfig(pulumi.runtime.allConfig(), file) };
}
