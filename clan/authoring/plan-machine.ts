import { ImportTree } from "../../composition/define-fleet.ts";
import { didYouMean } from "../../composition/nearest.ts";
import { throwGathered } from "../../errors.ts";
import { classOfPlatform } from "../check-registry.ts";
import { machineOf } from "../checks/machines.ts";
import { type MachineClass, machineNameSchema } from "../fleet-model.ts";
import type { AuthoredFleet } from "../read-fleet.ts";
import { carriedTags } from "../resolve-members.ts";
import { addToStack } from "./add-to-stack.ts";
import { Draft, type FileChange } from "./draft.ts";
import { AuthoringError } from "./errors.ts";
import { type AccountRole, accountRoles, homeHabits, machineHabits } from "./machine-habits.ts";
import { moduleText, nested, References, sentence } from "./module-text.ts";
import { addMember, type Neighbours, stateAttribute } from "./state-attribute.ts";
import { Block, Code, type WrittenObject } from "./typescript-value.ts";

/** A machine to come; what is absent is as the other machines of its class have it. */
export interface MachineRequest {
  readonly name: string;
  readonly class: MachineClass;
  /** Platform, e.g. `x86_64-linux`. */
  readonly system?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** `[user@]host[:port]`. */
  readonly targetHost?: string | undefined;
  readonly description?: string | undefined;
  /** Entries, `<class>/<entry>`. */
  readonly imports?: readonly string[] | undefined;
  /** Users with a home, and an account where an instance of clan's users service gives one. */
  readonly users?: readonly string[] | undefined;
  /** NixOS only: the release with which it is installed. */
  readonly stateVersion?: string | undefined;
  /** Stack that takes it, where the stacks beside the fleet name their machines. */
  readonly stack?: string | undefined;
}

/** Edits of a fleet's files, and what they leave to people. */
export interface AuthoringPlan {
  readonly changes: readonly FileChange[];
  /** One sentence each, with the command where there is one. */
  readonly remaining: readonly string[];
}

/** A request with everything that the other machines answer. */
interface Machine extends MachineRequest {
  readonly system: string;
  readonly tags: readonly string[];
  readonly imports: readonly string[];
  readonly users: readonly string[];
}

/**
 * Plans a machine as the document's workflow has it: a module that exports its entry, the registry, the inventory, and the
 * roles that name machines one by one. What is there already stays.
 * @throws {AuthoringError} @throws {FleetErrors} gathered.
 */
export function planMachine(fleet: AuthoredFleet, request: MachineRequest): AuthoringPlan {
  const machine = completed(fleet, request);
  throwGathered([...refuse(fleet, machine)]);
  const { model, evaluation } = fleet;
  const draft = new Draft(evaluation.root);
  const modules = modulesFolder(fleet);
  const entry = entryOf(machine);
  const exported = evaluation.namespaces.get(machine.class)?.has(entry) === true;
  if (!exported) draft.write(`${modules}/${entry}/default.ts`, bodyText(fleet, machine));
  const stated = machineOf(model, machine.name);
  if (stated?.registered !== true)
    stateAttribute(draft, evaluation, {
      path: ["clan", "machines"],
      name: machine.name,
      value: (reference, neighbours) => ({
        nixpkgs: platformOf(fleet, machine, neighbours),
        imports: [reference(`${machine.class}/${entry}`)],
      }),
      ownFile: { path: `${modules}/clan/machines.ts`, about: "The registry: what makes a machine of which entry." },
    });
  if (stated?.inInventory === true) addTags(draft, fleet, machine);
  else if (!isPlain(fleet))
    stateAttribute(draft, evaluation, {
      path: ["clan", "inventory", "machines"],
      name: machine.name,
      value: () => inventoryOf(machine),
      ownFile: { path: `${modules}/clan/inventory/machines.ts`, about: "Who takes part, and how it is reached." },
    });
  if (machine.stack !== undefined) addToStack(draft, machine.stack, machine.name, carriedBy(machine));
  const accounts = machine.users.flatMap((user) => accountFor(draft, fleet, machine, user));
  return { changes: draft.changes, remaining: [...accounts, ...remaining(fleet, machine, exported)] };
}

/** First folder whose every file is imported, relative to the root. */
export function modulesFolder({ evaluation }: AuthoredFleet): string {
  const tree = evaluation.definition.imports.find((imported) => imported instanceof ImportTree);
  return (tree?.dir ?? "modules").replace(/^\.\//, "").replace(/\/$/, "");
}

/** Without clan nobody reads an inventory. */
function isPlain({ model, evaluation }: AuthoredFleet): boolean {
  return (
    evaluation.definition.registry === "plain" && Object.values(model.machines).every(({ inInventory }) => !inInventory)
  );
}

function entryOf({ class: machineClass, name }: Machine): string {
  return `machines/${machineClass}/${name}`;
}

function completed(fleet: AuthoredFleet, request: MachineRequest): Machine {
  const habits = machineHabits(fleet, request.class);
  const usual = request.class === "darwin" ? "aarch64-darwin" : "x86_64-linux";
  const stated = machineOf(fleet.model, request.name);
  const known = stated?.class === request.class ? stated : undefined;
  return {
    name: request.name,
    class: request.class,
    stack: request.stack,
    system: request.system ?? known?.system ?? habits.system ?? usual,
    tags: request.tags ?? (known === undefined ? habits.tags : []),
    targetHost: request.targetHost ?? known?.targetHost ?? habits.targetHost?.replaceAll("{name}", request.name),
    description: request.description,
    imports: request.imports ?? habits.imports,
    users: request.users ?? (known === undefined ? habits.users : []),
    stateVersion: request.stateVersion ?? (request.class === "nixos" ? (habits.stateVersion ?? undefined) : undefined),
  };
}

function* refuse(fleet: AuthoredFleet, machine: Machine): Iterable<AuthoringError> {
  const { model } = fleet;
  const { name, class: machineClass, system } = machine;
  const error = (summary: string, expected: string, found: string, fix: string) =>
    new AuthoringError({ summary, expected, found, at: `fleet add machine ${name}`, fix });
  if (!machineNameSchema.safeParse(name).success)
    yield error(
      `${JSON.stringify(name)} cannot be a machine's name`,
      "a-z, 0-9 and inner hyphens, 63 characters at most (RFC 1123)",
      JSON.stringify(name),
      "choose another name",
    );
  if (classOfPlatform(system) !== machineClass)
    yield error(
      `${name}: class and platform contradict each other`,
      machineClass === "darwin" ? "a platform that ends in -darwin" : "a platform that ends in -linux",
      system,
      "correct --class or --system",
    );
  const stated = machineOf(model, name);
  if (stated !== undefined && stated.class !== machineClass)
    yield error(
      `${name}: is a machine already, of class ${stated.class}`,
      `class ${stated.class}, or another name`,
      `--class ${machineClass}`,
      "a machine of another class is another machine: give it a name of its own",
    );
  if (stated !== undefined && stated.targetHost !== null && machine.targetHost !== stated.targetHost)
    yield error(
      `${name}: the inventory has another target host`,
      stated.targetHost,
      machine.targetHost ?? "none",
      `edit clan.inventory.machines.${name}.deploy.targetHost`,
    );
  for (const entry of machine.imports) {
    const names = Object.entries(model.namespaces).flatMap(([one, entries]) =>
      Object.keys(entries).map((inner) => `${one}/${inner}`),
    );
    if (names.includes(entry)) continue;
    yield error(
      `${entry}: there is no such entry`,
      "an entry of the fleet, <class>/<entry>",
      entry,
      didYouMean(entry, names) ?? "`fleet show` lists the entries",
    );
  }
  for (const user of machine.users) {
    if (homesOf(fleet, user).length > 0 || accountRoles(model, user).length > 0) continue;
    yield error(
      `${user}: nobody of that name in the fleet`,
      `an entry homeManager/users/${user}, or an instance of clan's users service for ${user}`,
      "neither",
      `add the user first: modules/home/users/${user}.ts`,
    );
  }
}

/** What the home of a user imports. */
function homesOf(fleet: AuthoredFleet, user: string): readonly string[] {
  const own = `users/${user}`;
  const usual = homeHabits(fleet, user);
  return usual.length > 0 || fleet.model.namespaces["homeManager"]?.[own] === undefined
    ? usual
    : [`homeManager/${own}`];
}

function bodyText(fleet: AuthoredFleet, machine: Machine): string {
  const references = new References();
  const { class: machineClass, name, imports, users, stateVersion, description } = machine;
  const homes = users.flatMap((user) => {
    const entries = homesOf(fleet, user);
    return entries.length === 0 ? [] : [[user, { imports: entries.map((one) => references.to(one)) }] as const];
  });
  const system = {
    ...(machineClass === "nixos" && stateVersion !== undefined ? { stateVersion } : {}),
    ...(machineClass === "darwin" && users[0] !== undefined ? { primaryUser: users[0] } : {}),
  };
  const body: WrittenObject = {
    ...(imports.length === 0 ? {} : { imports: imports.map((one) => references.to(one)) }),
    networking: { hostName: name },
    ...(Object.keys(system).length === 0 ? {} : { system }),
    ...(homes.length === 0 ? {} : { "home-manager": new Block({ users: Object.fromEntries(homes) }) }),
  };
  const path = ["flake", "modules", machineClass, entryOf(machine)];
  return moduleText(description && sentence(description), nested(path, new Block(body)), references);
}

/** As another machine of the platform has it, where that is a constant of the file. */
function platformOf({ model }: AuthoredFleet, { system }: Machine, neighbours: Neighbours | undefined) {
  const same = Object.entries(model.machines).filter(([, machine]) => machine.system === system);
  const [constant] = same.flatMap(([name]) => neighbours?.constantOf(name, "nixpkgs") ?? []);
  return constant === undefined ? { hostPlatform: system } : new Code(constant);
}

function inventoryOf({ class: machineClass, description, tags, targetHost }: Machine): WrittenObject {
  return {
    ...(description === undefined ? {} : { description }),
    ...(machineClass === "darwin" ? { machineClass } : {}),
    ...(tags.length === 0 ? {} : { tags }),
    ...(targetHost === undefined ? {} : { deploy: { targetHost } }),
  };
}

function addTags(draft: Draft, { model, evaluation }: AuthoredFleet, { name, tags }: Machine): void {
  const path = ["clan", "inventory", "machines", name];
  for (const tag of tags) {
    if (machineOf(model, name)?.tags.includes(tag) === true) continue;
    const file = evaluation.definitionsOf(path)[0]?.file;
    if (file !== undefined && addMember(draft, file, { path: [...path, "tags"], kind: "list", name: tag })) continue;
    throw notEditable(`${name}: tag ${JSON.stringify(tag)}`, file, [...path, "tags"]);
  }
}

function carriedBy({ tags, class: machineClass }: Machine): ReadonlySet<string> {
  return new Set(carriedTags({ tags, class: machineClass }));
}

/** Puts the machine into the role that gives the user an account, unless a tag of it does. */
function accountFor(draft: Draft, fleet: AuthoredFleet, machine: Machine, user: string): readonly string[] {
  const carried = carriedBy(machine);
  const roles = accountRoles(fleet.model, user);
  const has = ({ members, tags }: AccountRole): boolean =>
    members.includes(machine.name) || tags.some((tag) => carried.has(tag));
  const [role] = roles;
  if (role === undefined || roles.some(has)) return [];
  const path = ["clan", "inventory", "instances", role.instance, "roles", role.role, "machines"];
  const file = fleet.evaluation.definitionsOf(path.slice(0, -1))[0]?.file;
  if (file !== undefined && addMember(draft, file, { path, kind: "set", name: machine.name })) return [];
  return [`give ${user} an account: add ${machine.name} to role ${role.role} of instance ${role.instance}`];
}

/** A file says it in a way that only people should change. */
export function notEditable(what: string, file: string | undefined, path: readonly string[]): AuthoringError {
  return new AuthoringError({
    summary: `${what} cannot be added: the file does not write out what it belongs to`,
    expected: `${path.join(".")} as a list or a set in a file of TypeScript`,
    found: file === undefined ? "no file that states it" : "an expression",
    at: file ?? "fleet.ts",
    fix: "add it by hand",
  });
}

function* remaining(fleet: AuthoredFleet, machine: Machine, exported: boolean): Iterable<string> {
  const { name, class: machineClass, targetHost } = machine;
  const folder = `${modulesFolder(fleet)}/${entryOf(machine)}`;
  if (machineClass === "nixos" && !exported)
    yield `disks and hardware: state them in ${folder}/, e.g. nixFile("./_hardware.nix") with what nixos-generate-config says`;
  if (machineClass === "darwin" && machine.users.length === 0)
    yield `its owner: system.primaryUser and a home in ${folder}/default.ts`;
  if (targetHost === undefined) yield `where it is reached: clan.inventory.machines.${name}.deploy.targetHost`;
  else if (isName(targetHost)) yield `DNS: ${hostOf(targetHost)} must lead to the host`;
  yield `its secrets: fleet vars generate ${name}`;
  yield `its host key: what clan's vars say; for another, pulumi-clan:hosts.${name}.hostKey in the stack`;
}

function hostOf(targetHost: string): string {
  return targetHost.replace(/^.*@/, "").replace(/:\d+$/, "");
}

function isName(targetHost: string): boolean {
  const host = hostOf(targetHost);
  return !/^\[|^\d+(?:\.\d+){3}$|:/.test(host);
}
