import { Command } from "commander";
import { stackFileSchema } from "../clan/stack-file-schema.ts";
import type { Terminal } from "./terminal.ts";

/** `fleet config schema`: what `Pulumi.<stack>.yaml` may say, for editors. Reads nothing. Exit 0; 2: wrong usage. */
export function configCommand(terminal: Terminal): Command {
  const schema = new Command("schema")
    .description("print the JSON Schema of Pulumi.<stack>.yaml, with every key's meaning and default")
    .action(() => terminal.answer(JSON.stringify(stackFileSchema(), null, 2)));
  return new Command("config").description("the configuration of stacks").addCommand(schema.exitOverride());
}
