import { Command, Option } from "commander";
import { z } from "zod";
import { planService } from "../../clan/authoring/plan-service.ts";
import type { Written, WrittenObject } from "../../clan/authoring/typescript-value.ts";
import type { Terminal } from "../terminal.ts";
import { usage } from "../usage.ts";
import { type AuthorOptions, author, lacking, listed, readAuthored, withAuthorOptions } from "./author.ts";

interface Options extends AuthorOptions {
  readonly role?: string;
  readonly tag?: readonly string[];
  readonly machine?: readonly string[];
  readonly module?: string;
  readonly input?: string;
  readonly import?: readonly string[];
  readonly description?: string;
  readonly setting: WrittenObject;
}

/** `fleet add service`. Exit 0: added, or there already; 1: it cannot be; 2: wrong usage; 130: interrupted. */
export function addServiceCommand(terminal: Terminal, signal: AbortSignal): Command {
  const service = new Command("service")
    .description("a service instance with a role, or a role and members more for one that is there")
    .argument("<name>", "of the instance")
    .option("--role <role>", "the part in it that is given")
    .addOption(listed("--tag <tags>", "who has the role, by tag"))
    .addOption(listed("--machine <machines>", "who has the role, by name"))
    .option("--module <name>", "the service; default: that of the instance's name")
    .option("--input <input>", "the flake input that has it; default: clan-core")
    .addOption(listed("--import <entries>", "<class>/<entry>: a service of the fleet's own, made of these"))
    .option("--description <text>", "what it does, for people")
    .addOption(
      new Option("--setting <name=value>", "for every member; JSON or text; may be repeated")
        .argParser((text: string, before: WrittenObject) => ({ ...before, ...usage(readSetting)(text) }))
        .default({} satisfies WrittenObject, "none"),
    )
    .action(async (name: string, options: Options, command: Command) => {
      const fleet = await readAuthored(command);
      const known = Object.keys(fleet.model.instances[name]?.roles ?? {});
      const roles = known.length === 0 ? "" : ` (${known.join(", ")})`;
      const role = options.role ?? (await lacking(`which role${roles}?`, "--role", command, signal));
      const { tag: tags = [], machine: machines = [], import: imports = [], setting, dryRun, json, anyway } = options;
      const named = [...tags, ...machines];
      const asked =
        named.length > 0 || known.includes(role)
          ? []
          : (await lacking("which tag has the role?", "--tag or --machine", command, signal)).split(/[,\s]+/);
      const { module, input, description } = options;
      const service = { name, role, machines, imports, module, input, description, settings: setting };
      const plan = planService(fleet, { ...service, tags: [...tags, ...asked] });
      await author(fleet, plan, `${name}/${role} is so already`, { dryRun, json, anyway }, terminal, signal);
    });
  return withAuthorOptions(service);
}

const jsonSchema = z.json();

function readSetting(text: string): WrittenObject {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new Error("expected name=value.");
  return { [name]: readValue(value) };
}

/** JSON where it is some; otherwise the text itself. */
function readValue(text: string): Written {
  try {
    return writable(jsonSchema.parse(JSON.parse(text)));
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

function writable(value: z.output<typeof jsonSchema>): Written {
  if (value === null) throw new Error("null is no setting: leave it out.");
  if (Array.isArray(value)) return value.map(writable);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, writable(inner)]));
}
