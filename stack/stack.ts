import type { StackConfig } from "../clan/stack-config-schema.ts";

/** One stack: the part of the fleet that is deployed together, and how. */
export interface Stack {
  readonly project: string;
  readonly name: string;
  /** File of its configuration, for messages. */
  readonly file: string;
  readonly config: StackConfig;
}
