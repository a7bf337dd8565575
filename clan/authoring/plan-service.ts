import { throwGathered } from "../../errors.ts";
import type { InstanceModel } from "../fleet-model.ts";
import type { AuthoredFleet } from "../read-fleet.ts";
import { Draft } from "./draft.ts";
import { AuthoringError } from "./errors.ts";
import { moduleText, nested, References, sentence } from "./module-text.ts";
import { type AuthoringPlan, modulesFolder, notEditable } from "./plan-machine.ts";
import { addMember, addToFile, freeFile } from "./state-attribute.ts";
import { Block, type Code, type Written, type WrittenObject } from "./typescript-value.ts";

/** A service instance with one role, or a role and members more for one that is there. */
export interface ServiceRequest {
  /** Of the instance. */
  readonly name: string;
  readonly role: string;
  readonly tags: readonly string[];
  readonly machines: readonly string[];
  /** Name of the service's module. Default: the instance's. */
  readonly module?: string | undefined;
  /** Input that has it. Default: clan-core. */
  readonly input?: string | undefined;
  /** Entries that are the service, `<class>/<entry>`: one of the fleet's own, instead of a module of an input. */
  readonly imports: readonly string[];
  readonly description?: string | undefined;
  /** For every member of the role. */
  readonly settings: WrittenObject;
}

/**
 * Plans a service: a file of its own below `clan/inventory/services/`, or edits of the file that has the instance.
 * @throws {AuthoringError} @throws {FleetErrors} gathered.
 */
export function planService(fleet: AuthoredFleet, request: ServiceRequest): AuthoringPlan {
  const { model, evaluation } = fleet;
  const draft = new Draft(evaluation.root);
  const instance = model.instances[request.name];
  throwGathered([...refuse(fleet, request, instance)]);
  if (instance === undefined) writeInstance(draft, fleet, request);
  else extendInstance(draft, fleet, request, instance);
  const members = request.machines.length > 0 ? request.machines : request.tags.map((tag) => `tag:${tag}`);
  const generated = request.imports.length > 0 || members.length === 0;
  const changed = draft.changes.length > 0;
  return {
    changes: draft.changes,
    remaining: generated || !changed ? [] : [`secrets that it declares: fleet vars generate ${members.join(" ")}`],
  };
}

function* refuse(
  { model }: AuthoredFleet,
  { name, machines, imports, module, input, settings, role }: ServiceRequest,
  instance: InstanceModel | undefined,
): Iterable<AuthoringError> {
  const error = (summary: string, expected: string, found: string, fix: string) =>
    new AuthoringError({ summary, expected, found, at: `fleet add service ${name}`, fix });
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    yield error(
      `${JSON.stringify(name)}: no name for an instance and its file`,
      "letters, digits, `-`, `_` and `.`",
      JSON.stringify(name),
      "choose another name",
    );
  for (const machine of machines)
    if (!Object.hasOwn(model.machines, machine))
      yield error(
        `${machine}: no machine of the fleet`,
        `one of ${Object.keys(model.machines).join(", ")}`,
        machine,
        "correct --machine, or add the machine first",
      );
  for (const entry of imports) {
    const slash = entry.indexOf("/");
    if (model.namespaces[entry.slice(0, slash)]?.[entry.slice(slash + 1)] !== undefined) continue;
    yield error(`${entry}: there is no such entry`, "an entry of the fleet, <class>/<entry>", entry, "fleet show");
  }
  if (imports.length > 0 && (module ?? input) !== undefined)
    yield error(`${name}: two services`, "--import, or --module and --input", "both", "choose one");
  if (instance === undefined) return;
  const other = module !== undefined && module !== instance.module.name;
  if (other || (input !== undefined && input !== (instance.module.input ?? "clan-core")) || imports.length > 0)
    yield error(
      `${name}: is an instance already, of another service`,
      `${instance.module.name} of ${instance.module.input ?? "clan-core"}`,
      imports[0] ?? `${module ?? name} of ${input ?? "clan-core"}`,
      "give the second instance a name of its own",
    );
  if (Object.keys(settings).length > 0 && instance.roles[role] !== undefined)
    yield error(
      `${name}: role ${role} is there already`,
      "settings for a new role",
      Object.keys(settings).join(", "),
      `edit clan.inventory.instances.${name}.roles.${role}.settings`,
    );
}

function writeInstance(draft: Draft, fleet: AuthoredFleet, request: ServiceRequest): void {
  const { name, imports, description } = request;
  const path = `${modulesFolder(fleet)}/clan/inventory/services/${name}.ts`;
  const references = new References();
  const instance = {
    module: moduleOf(
      request,
      imports.map((one) => references.to(one)),
    ),
    roles: roleOf(request),
  };
  const stated = nested(["clan", "inventory", "instances", name], new Block(instance));
  const file = freeFile(draft, { name, ownFile: { path, about: "" } });
  draft.write(file, moduleText(description && sentence(description), stated, references));
}

function moduleOf({ name, module, input, description }: ServiceRequest, imports: readonly Code[]): WrittenObject {
  if (imports.length > 0) return { description: description ?? name, imports };
  return { name: module ?? name, input: input ?? "clan-core" };
}

function roleOf(request: ServiceRequest): WrittenObject {
  return { [request.role]: membersOf(request) };
}

function membersOf({ tags, machines, settings }: ServiceRequest): WrittenObject {
  const named = Object.fromEntries(machines.map((machine) => [machine, {}] as const));
  return {
    ...(machines.length === 0 ? {} : { machines: named }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
  } satisfies Readonly<Record<string, Written>>;
}

function extendInstance(draft: Draft, fleet: AuthoredFleet, request: ServiceRequest, instance: InstanceModel): void {
  const { name, role, machines, tags } = request;
  const path = ["clan", "inventory", "instances", name, "roles"];
  const known = instance.roles[role];
  const files = filesOf(fleet, known === undefined ? path : [...path, role]);
  if (known === undefined) {
    const attribute = { path, name: role, value: () => membersOf(request) };
    if (!files.some((file) => addToFile(draft, file, attribute)))
      throw notEditable(`${name}: role ${role}`, files[0], path);
    return;
  }
  const add = (kind: "list" | "set", attribute: string, member: string): void => {
    const place = { path: [...path, role, attribute], kind, name: member };
    if (files.some((file) => addMember(draft, file, place))) return;
    throw notEditable(`${name}/${role}: ${member}`, files[0], place.path);
  };
  for (const machine of machines) if (!known.machines.includes(machine)) add("set", "machines", machine);
  for (const tag of tags) if (!known.tags.includes(tag)) add("list", "tags", tag);
}

/** Files in TypeScript that state a path, each once. */
function filesOf({ evaluation }: AuthoredFleet, path: readonly string[]): readonly string[] {
  const files = evaluation.definitionsOf(path).map(({ file }) => file);
  return [...new Set(files)].filter((file) => file.endsWith(".ts"));
}
