import type { FleetModel } from "./fleet-model.ts";

const width = 100;

/** The fleet as text of 100 columns: machines, service instances, namespaces. */
export function renderModel(model: FleetModel): string {
  return [
    `${model.name}: ${count(model.machines, "machine")}, ${count(model.instances, "instance")}, ${count(model.nodes, "node")}`,
    section("machines", renderMachines(model)),
    ...renderProblems(model),
    section("instances", renderInstances(model)),
    section("namespaces", renderNamespaces(model)),
  ].join("\n");
}

function renderMachines({ machines, nodes }: FleetModel): string[] {
  const rows = Object.entries(machines).map(([name, machine]) => [
    name,
    machine.class,
    machine.targetHost ?? "-",
    name in nodes ? "gcp" : "-",
    machine.users.join(" "),
    // The class has its column, and everybody carries `all`.
    machine.tags.filter((tag) => tag !== "all" && tag !== machine.class).join(" "),
  ]);
  return table(["machine", "class", "target host", "node", "users", "tags"], rows);
}

/** Machines of an adopted flake that do not evaluate, with the first line of the reason. */
function renderProblems({ machines }: FleetModel): string[] {
  const rows = Object.entries(machines).flatMap(([name, { problem }]) =>
    problem === undefined ? [] : [[name, problem.split("\n")[0] ?? ""]],
  );
  return rows.length === 0 ? [] : [section("problems", table(["machine", "does not evaluate"], rows))];
}

function renderInstances({ instances, tags }: FleetModel): string[] {
  const rows = Object.entries(instances).flatMap(([name, { module, roles }]) =>
    Object.entries(roles).map(([role, { members }]) => [
      name,
      `${module.name} of ${module.input ?? "clan-core"}`,
      role,
      describeMembers(members, tags),
    ]),
  );
  return table(["instance", "service", "role", "members"], rows);
}

/** A tag says more than its ten machines. */
function describeMembers(members: readonly string[], tags: FleetModel["tags"]): string {
  if (members.length === 0) return "nobody";
  const same = ["all", "nixos", "darwin"].find((tag) => tags[tag]?.join() === members.join());
  return same === undefined || members.length < 3 ? members.join(" ") : `${same} (${members.length})`;
}

function renderNamespaces({ namespaces, machines }: FleetModel): string[] {
  const total = Object.keys(machines).length;
  const rows = Object.entries(namespaces).flatMap(([className, entries]) =>
    Object.entries(entries)
      .filter(([entry]) => !entry.startsWith("machines/"))
      .map(([entry, { files, importedBy }]) => [
        className,
        entry,
        String(files.length),
        importedBy.length === total ? `all (${total})` : importedBy.length === 0 ? "nobody" : importedBy.join(" "),
      ]),
  );
  return table(["class", "entry", "files", "imported by"], rows);
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 1 ? `\n${title}: none` : ["", ...lines].join("\n");
}

/** Columns as wide as their longest cell; the last one is wrapped at 100 columns. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const columns = header
    .slice(0, -1)
    .map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const indent = columns.reduce((sum, column) => sum + column + 2, 0);
  return [header, ...rows].flatMap((row) => {
    const [first = "", ...rest] = wrap(row.at(-1) ?? "", Math.max(20, width - indent));
    const cells = columns.map((column, index) => (row[index] ?? "").padEnd(column + 2)).join("");
    return [`${cells}${first}`.trimEnd(), ...rest.map((line) => " ".repeat(indent) + line)];
  });
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function count(things: Readonly<Record<string, unknown>>, name: string): string {
  const number = Object.keys(things).length;
  return `${number} ${name}${number === 1 ? "" : "s"}`;
}
