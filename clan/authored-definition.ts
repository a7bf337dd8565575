import type { EntryReference } from "../composition/entry-reference.ts";
import type { OpenName } from "../composition/fleet-names.ts";
import type { Property } from "../composition/lib/property.ts";
import type { InstanceName, MachineName, Named, RoleName, TagName } from "./authored-names.ts";
import type { MachineClass } from "./fleet-model.ts";

/** A value, or one under a condition or with a priority: `lib.mkIf`, `lib.mkForce`. */
type Stated<T> = T | Property;
type Settings = Stated<Readonly<Record<string, unknown>>>;

interface RegisteredStatement {
  readonly nixpkgs?: Stated<{ readonly hostPlatform: string | Property }>;
  /** Without fleet.d.ts, and for entries that it does not name, TypeScript cannot know that they are there. */
  readonly imports?: Stated<readonly (EntryReference | undefined)[]>;
}

interface InventoryMachineStatement {
  readonly description?: Stated<string | null>;
  readonly machineClass?: Stated<MachineClass>;
  readonly tags?: Stated<readonly OpenName<TagName>[]>;
  readonly deploy?: Stated<{ readonly targetHost?: Stated<string | null>; readonly buildHost?: Stated<string | null> }>;
}

interface MemberStatement {
  readonly settings?: Settings;
}

interface RoleStatement {
  readonly machines?: Stated<Named<MachineName, Stated<MemberStatement>> | readonly OpenName<MachineName>[]>;
  readonly tags?: Stated<Named<TagName, Stated<MemberStatement>> | readonly OpenName<TagName>[]>;
  readonly settings?: Settings;
}

interface InstanceStatement<Roles extends string> {
  readonly module?: Stated<{
    readonly name?: Stated<string | null>;
    readonly input?: Stated<string | null>;
    readonly description?: Stated<string | null>;
    readonly imports?: Stated<readonly (EntryReference | undefined)[]>;
  }>;
  readonly roles?: Stated<Named<Roles, Stated<RoleStatement>>>;
}

type InstanceStatements = { readonly [Name in InstanceName]?: Stated<InstanceStatement<RoleName<Name>>> } & {
  readonly [name: string]: Stated<InstanceStatement<string>> | undefined;
};

interface InventoryStatement {
  readonly machines?: Stated<Named<MachineName, Stated<InventoryMachineStatement>>>;
  readonly tags?: Stated<Named<TagName, Stated<readonly OpenName<MachineName>[]>>>;
  readonly instances?: Stated<InstanceStatements>;
}

/** What a flake module may say of the clan; the options that clan/flake-module.ts declares, for the type checker. */
export interface ClanDefinition {
  readonly meta?: Stated<{ readonly [Name in "name" | "description" | "domain" | "icon"]?: Stated<string | null> }>;
  readonly specialArgs?: Settings;
  readonly machines?: Stated<Named<MachineName, Stated<RegisteredStatement>>>;
  readonly inventory?: Stated<InventoryStatement>;
}

// By the name that authors use too: in the published package this file is a declaration, and its neighbours have no .ts.
declare module "pulumi-clan/author" {
  interface FlakeModuleData {
    readonly clan?: Stated<ClanDefinition>;
  }
}
