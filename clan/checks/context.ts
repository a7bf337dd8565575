import type { StaleTypes } from "../authoring/fleet-types.ts";
import type { FleetModel, Location } from "../fleet-model.ts";
import type { HostNature } from "./host-nature.ts";
import type { MachineFacts } from "./machine-facts.ts";
import type { OutputNames } from "./read-outputs.ts";
import type { TreeFacts } from "./tree-facts.ts";

/** What is known of an entry beside the model. */
export interface EntryFacts {
  /** One place for each definition, in file order. */
  readonly definitions: readonly Location[];
  /** Entries whose bodies refer to it, as `<class>/<entry>`. */
  readonly importers: ReadonlySet<string>;
}

/** What is known of an instance's service beside the model. */
export interface ServiceFacts {
  /** Entries that its roles bring, as `<class>/<entry>`. */
  readonly imports: readonly string[];
  /** Classes for which it has a module; none: not known. */
  readonly classes: ReadonlySet<string>;
  /** Role → settings that it takes, where it takes no others; a role that is missing is not known. */
  readonly settings: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Everything that a rule may look at. Rules read it and nothing else. */
export interface CheckContext {
  readonly model: FleetModel;
  /** `<class>/<entry>` → facts. */
  readonly entries: ReadonlyMap<string, EntryFacts>;
  /** False: imports between entries could not be followed, so that `importedBy` proves nothing. */
  readonly reachKnown: boolean;
  /** Instances whose service is known. */
  readonly services: ReadonlyMap<string, ServiceFacts>;
  /** `<class>/<entry>` that stands at two places of an import graph → machines. Empty where Nix counts entries once. */
  readonly doubled: ReadonlyMap<string, readonly string[]>;
  /** Outputs of the flake and the names below each; null: not known, or made by the emission. */
  readonly outputs: OutputNames | null;
  /** Overlays that the fleet states, beside its own packages. */
  readonly overlays: readonly Location[];
  /** Inputs of the flake by name, as they are stated. */
  readonly inputs: ReadonlyMap<string, { readonly url: string }>;
  /** Disk, git and source; null: the fleet is not a folder of this machine. */
  readonly tree: TreeFacts | null;
  /** Evaluated configurations, of those machines that were evaluated. */
  readonly configurations: ReadonlyMap<string, MachineFacts>;
  /** Machines whose host was asked. */
  readonly hosts: ReadonlyMap<string, HostNature>;
  /** How `fleet.d.ts` differs from the fleet; absent: it does not, or there is none. */
  readonly types?: StaleTypes | undefined;
  /** Now, for what grows old. */
  readonly now: Date;
  /**
   * Where an option or the innermost part of its path is stated; null: not known.
   * @param word - text of a list's element: its own line, where the list spans several.
   */
  at(path: readonly string[], word?: string): Location | null;
  /** Where one of these files writes a path of attributes; the file alone where it does not; null without files. */
  mention(files: readonly string[], path: readonly string[]): Location | null;
}
