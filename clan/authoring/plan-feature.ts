import { didYouMean } from "../../composition/nearest.ts";
import { throwGathered } from "../../errors.ts";
import { splitEntry } from "../checks/entries.ts";
import { machineOf } from "../checks/machines.ts";
import type { AuthoredFleet } from "../read-fleet.ts";
import { Draft } from "./draft.ts";
import { AuthoringError } from "./errors.ts";
import { homePath, importsAt } from "./machine-habits.ts";
import { moduleText, nested, References } from "./module-text.ts";
import { type AuthoringPlan, modulesFolder, notEditable } from "./plan-machine.ts";
import { addMember } from "./state-attribute.ts";
import { Block, Body, Code, printAccess, type Written, type WrittenObject } from "./typescript-value.ts";

/** Classes for which the document has a folder. */
export const featureClasses = ["homeManager", "nixos", "darwin", "generic"] as const;
export type FeatureClass = (typeof featureClasses)[number];

/** A file that adds to an entry, or makes it. */
export interface FeatureRequest {
  readonly class: FeatureClass;
  /** The entry; further parts but the last are of its name: `users/cameron`. */
  readonly aspect: string;
  /** Name of the file; null: that of the aspect. */
  readonly feature: string | null;
  /** Packages of nixpkgs, by attribute path: `ripgrep`, `python3Packages.black`. */
  readonly packages: readonly string[];
  /** Options that become true, e.g. `programs.helix.enable`. */
  readonly enable: readonly string[];
  /** Who imports the aspect: `<class>/<entry>`, or `<user>@<machine>` for a home. */
  readonly into: readonly string[];
}

const folders: Readonly<Record<FeatureClass, string>> = {
  homeManager: "home",
  nixos: "nixos",
  darwin: "darwin",
  generic: "system",
};

/** True where nobody imports the aspect yet, so that somebody has to be named. */
export function needsImporter({ model }: AuthoredFleet, request: Pick<FeatureRequest, "class" | "aspect">): boolean {
  return (model.namespaces[request.class]?.[request.aspect]?.importedBy ?? []).length === 0;
}

/**
 * Plans a feature: `<folder of the class>/<aspect>/<feature>.ts` that exports to the aspect, and imports of it.
 * @throws {AuthoringError} @throws {FleetErrors} gathered.
 */
export function planFeature(fleet: AuthoredFleet, request: FeatureRequest): AuthoringPlan {
  const { evaluation } = fleet;
  const draft = new Draft(evaluation.root);
  const { class: className, aspect, feature } = request;
  const folder = `${modulesFolder(fleet)}/${folders[className]}`;
  const file = feature === null ? `${folder}/${aspect}.ts` : `${folder}/${aspect}/${feature}.ts`;
  throwGathered([...refuse(request)]);
  const defined = evaluation.namespaces.get(className)?.get(aspect) ?? [];
  const exists = defined.some((definition) => definition.file === file);
  if (!exists && draft.read(file) !== undefined)
    throw new AuthoringError({
      summary: `${file}: is there already, and does not export ${className}/${aspect}`,
      expected: "no file of that name",
      found: file,
      at: `fleet add feature ${aspect}/${feature ?? ""}`,
      fix: "give the feature another name",
    });
  if (!exists) draft.write(file, featureText(request));
  for (const importer of request.into) addImport(draft, fleet, `${className}/${aspect}`, importer);
  const bare = request.packages.length === 0 && request.enable.length === 0;
  return { changes: draft.changes, remaining: bare && !exists ? [`what it does: the body in ${file}`] : [] };
}

function* refuse({ aspect, feature, packages, enable }: FeatureRequest): Iterable<AuthoringError> {
  const error = (summary: string, expected: string, found: string) =>
    new AuthoringError({ summary, expected, found, at: "fleet add feature", fix: "correct the name" });
  for (const name of [...aspect.split("/"), ...(feature === null ? [] : [feature])])
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
      yield error(`${JSON.stringify(name)}: no name for a file`, "letters, digits, `-`, `_` and `.`", name);
  for (const path of [...packages, ...enable])
    if (!/^[\w'-]+(?:\.[\w'-]+)*$/.test(path))
      yield error(`${path}: no attribute path`, "names with dots between them", path);
}

function featureText({ class: className, aspect, packages, enable }: FeatureRequest): string {
  const installed = packages.map((path) => new Code(`pkgs${path.split(".").map(printAccess).join("")}`));
  const where = className === "homeManager" ? ["home", "packages"] : ["environment", "systemPackages"];
  const stated = [
    ...enable.map((path) => ({ path: path.split("."), value: true })),
    ...(installed.length === 0 ? [] : [{ path: where, value: installed }]),
  ];
  const attributes = attributesOf(stated);
  const body = installed.length === 0 ? new Block(attributes) : new Body(["pkgs"], attributes);
  return moduleText(undefined, nested(["flake", "modules", className, aspect], body), new References());
}

interface Stated {
  readonly path: readonly string[];
  readonly value: Written;
}

/** Sets of attributes that the paths have in common are one. */
function attributesOf(stated: readonly Stated[]): WrittenObject {
  const groups = Map.groupBy(stated, ({ path }) => path[0] ?? "");
  return Object.fromEntries(
    [...groups].map(([name, group]): [string, Written] => {
      const below = group.map(({ path, value }) => ({ path: path.slice(1), value }));
      const end = below.find(({ path }) => path.length === 0);
      return [name, end?.value ?? attributesOf(below)];
    }),
  );
}

function addImport(draft: Draft, fleet: AuthoredFleet, imported: string, importer: string): void {
  const { model, evaluation } = fleet;
  const [, user, machine] = /^([^@/]+)@([^@/]+)$/.exec(importer) ?? [];
  const entries = machine === undefined ? [importer] : (machineOf(model, machine)?.imports ?? []);
  const below = user === undefined ? ["imports"] : homePath(user);
  const definitions = entries
    .map(splitEntry)
    .flatMap(({ class: one, entry }) => evaluation.namespaces.get(one)?.get(entry) ?? []);
  if (definitions.length === 0) throw unknownImporter(fleet, importer);
  if (importsAt(definitions, below).includes(imported)) return;
  // A file that has imports is a better place than one that would get its first.
  const [importing, others] = [true, false].map((wanted) =>
    definitions.filter((definition) => importsAt([definition], below).length > 0 === wanted),
  );
  for (const { class: one, entry, file } of [...(importing ?? []), ...(others ?? [])]) {
    const path = ["flake", "modules", one, entry, ...below];
    if (addMember(draft, file, { path, kind: "list", name: imported, isEntry: true })) return;
  }
  throw notEditable(`import of ${imported} by ${importer}`, definitions[0]?.file, below);
}

function unknownImporter({ model }: AuthoredFleet, importer: string): AuthoringError {
  const entries = Object.entries(model.namespaces).flatMap(([one, names]) =>
    Object.keys(names).map((name) => `${one}/${name}`),
  );
  return new AuthoringError({
    summary: `${importer}: nothing that could import the feature`,
    expected: "an entry, <class>/<entry>, or the home of a user on a machine, <user>@<machine>",
    found: importer,
    at: "fleet add feature --into",
    fix: didYouMean(importer, entries) ?? "`fleet show` lists entries and machines",
  });
}
