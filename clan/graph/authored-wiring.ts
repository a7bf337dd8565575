import { type BodyLeaf, leavesOf } from "../../composition/body/leaves.ts";
import { NixText } from "../../composition/body/nix-template.ts";
import { describeExpression } from "../../composition/body/symbol.ts";
import { NixFile, TreePath } from "../../composition/body/tree-path.ts";
import { EntryReference } from "../../composition/entry-reference.ts";
import type { EntryDefinition, FlakeEvaluation } from "../../composition/evaluate-flake.ts";
import { formatLocation } from "../../composition/source-location.ts";
import { readPackageNames } from "../checks/disk/clan-folders.ts";
import { isInline, wholeClan } from "../composed-clan.ts";
import { entryName } from "../entry-graph.ts";
import type { FleetModel } from "../fleet-model.ts";
import type { AuthoredFleet } from "../read-fleet.ts";
import { fileLinks, graphFile } from "./file-links.ts";
import { type GraphEdge, nodeId } from "./fleet-graph.ts";
import { overlayPackages } from "./overlay-packages.ts";
import type { OverlayWiring, Wiring } from "./wiring.ts";

/** The wiring of a fleet that is written here. Evaluates its overlays' names in Nix where they are asked for, nothing else. */
export async function authoredWiring(
  { model, evaluation }: AuthoredFleet,
  signal: AbortSignal,
  packages: "named" | "unnamed",
): Promise<Wiring> {
  const { root } = evaluation;
  const overlays = await readOverlays(evaluation, packages, signal);
  const links = [
    ...entryLinks(evaluation, overlays),
    ...instanceLinks(evaluation, model),
    ...statedLinks(evaluation, model),
  ];
  const own = overlays.flatMap(({ file, written }) => [...(file === null ? [] : [file]), ...written.values()]);
  const named = new Set([...own, ...filesIn(links), ...filesOfEntries(evaluation)]);
  // A module that defines none of this may say anything about everybody.
  const others = [...evaluation.files, ...evaluation.nixFiles].filter((file) => !named.has(file));
  const everybodys = ["fleet.ts", "flake.lock", ...others];
  return { links: [...links, ...fileLinks(root, [...named, ...everybodys])], overlays, everybodys };
}

function entryLinks(evaluation: FlakeEvaluation, overlays: readonly OverlayWiring[]): GraphEdge[] {
  const all = [...evaluation.namespaces.values()].flatMap((entries) => [...entries.values()].flat());
  return all.flatMap((definition) =>
    [...leavesOf(definition.body, definition)].flatMap((leaf) =>
      leafLinks(definition, leaf, evaluation.root, overlays),
    ),
  );
}

function leafLinks(
  definition: EntryDefinition,
  { value, at }: BodyLeaf,
  root: string,
  overlays: readonly OverlayWiring[],
): GraphEdge[] {
  const from = nodeId("entry", entryName(definition));
  if (value instanceof EntryReference) {
    const to = nodeId("entry", entryName(value));
    const user = at[0] === "home-manager" && at[1] === "users" ? at[2] : undefined;
    return [user === undefined ? { from, to, kind: "imports" } : { from, to, kind: "home", user }];
  }
  if (value instanceof TreePath || value instanceof NixFile) {
    const file = graphFile(root, value.path);
    return file === undefined ? [] : [{ from, to: nodeId("file", file), kind: "imports" }];
  }
  const text = value instanceof NixText ? value.fragments.join(" ") : describeExpression(value);
  if (!/\bself\.overlays\b/.test(text)) return [];
  return overlays.map(({ name }) => ({ from, to: nodeId("overlay", name), kind: "applies" }));
}

/** What services bring that the fleet writes itself: each entry to members of its class only. */
function instanceLinks(evaluation: FlakeEvaluation, { machines }: FleetModel): GraphEdge[] {
  // The fleet was read: nothing is wrong any more with what the options hold.
  const { instances } = wholeClan(evaluation, []);
  const ofClass = (className: string): string[] =>
    Object.entries(machines).flatMap(([name, machine]) => (machine.class === className ? [name] : []));
  return [...instances].flatMap(([name, instance]) => {
    if (!isInline(instance)) return [];
    return instance.module.imports.map((reference): GraphEdge => {
      const edge = {
        from: nodeId("instance", name),
        to: nodeId("entry", entryName(reference)),
        kind: "imports" as const,
      };
      return reference.class === "generic" ? edge : { ...edge, on: ofClass(reference.class) };
    });
  });
}

/** Every file that states something of a machine, an instance or a tag. */
function statedLinks(evaluation: FlakeEvaluation, model: FleetModel): GraphEdge[] {
  const inventory = ["clan", "inventory"];
  const stated = (id: string, ...paths: readonly (readonly string[])[]): GraphEdge[] =>
    paths
      .flatMap((path) => (evaluation.whole ?? evaluation).definitionsOf(path))
      .map(({ file }) => ({ from: id, to: nodeId("file", file), kind: "stated in" }));
  return [
    ...Object.keys(model.machines).flatMap((name) =>
      stated(nodeId("machine", name), ["clan", "machines", name], [...inventory, "machines", name], ["nodes", name]),
    ),
    ...Object.keys(model.instances).flatMap((name) =>
      stated(nodeId("instance", name), [...inventory, "instances", name]),
    ),
    ...Object.keys(model.tags).flatMap((name) => stated(nodeId("tag", name), [...inventory, "tags", name])),
  ];
}

function filesIn(links: readonly GraphEdge[]): string[] {
  return links.flatMap(({ to }) => (to.startsWith("file:") ? [to.slice("file:".length)] : []));
}

function filesOfEntries({ namespaces }: FlakeEvaluation): string[] {
  return [...namespaces.values()].flatMap((entries) =>
    [...entries.values()].flatMap((definitions) => definitions.map(({ file }) => file)),
  );
}

async function readOverlays(
  { root, overlays }: FlakeEvaluation,
  named: "named" | "unnamed",
  signal: AbortSignal,
): Promise<OverlayWiring[]> {
  const packages = named === "named" ? await overlayPackages(overlays, signal) : [];
  const stated = overlays.map(({ definedAt }, index): OverlayWiring => {
    const alone = overlays.filter((other) => other.definedAt.file === definedAt.file).length === 1;
    return {
      name: alone ? definedAt.file : formatLocation(definedAt),
      file: definedAt.file,
      packages: packages[index] ?? null,
      written: new Map(),
    };
  });
  const own = await readPackageNames(root);
  if (own.length === 0) return stated;
  const folder = "pkgs/by-name";
  const written = new Map(own.map((name) => [name, `${folder}/${name}/`]));
  return [...stated, { name: folder, file: null, packages: own, written }];
}
