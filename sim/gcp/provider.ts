import { createHash } from "node:crypto";
import { exampleHosts, type HostSpec } from "../hosts/host-spec.ts";
import type { SimState } from "../hosts/sim-state.ts";
import { address } from "./address.ts";
import { firewall } from "./firewall.ts";
import { guestAttributes } from "./guest-attributes.ts";
import { instance } from "./instance.ts";
import { type Change, changesBetween, isUnknown, type Properties, textAt, unknown } from "./property-values.ts";
import type { Context, Failure, Live, ProviderSettings, ResourceKind } from "./resource-kind.ts";
import { serviceAccount } from "./service-account.ts";
import { bucket, image } from "./storage.ts";

const kinds: ReadonlyMap<string, ResourceKind> = new Map(
  [instance, address, firewall, serviceAccount, bucket, image].map((kind) => [kind.token, kind]),
);

export interface DiffResult {
  readonly changes: readonly (Change & { readonly replaces: boolean })[];
  /** Google keeps one resource per name: the old one has to go before its successor can be made. */
  readonly deleteBeforeReplace: boolean;
}

/** The stand-in of the Google provider, free of gRPC: what each of a provider's methods does. */
export class GcpProvider {
  readonly #state: SimState;
  readonly #log: (line: string) => void;
  readonly #machines: readonly HostSpec[];
  #cancelled = new AbortController();
  #settings: ProviderSettings = { project: undefined, region: undefined, zone: undefined };

  constructor(state: SimState, log: (line: string) => void, machines: readonly HostSpec[] = exampleHosts) {
    this.#state = state;
    this.#log = log;
    this.#machines = machines;
  }

  configure(config: Properties): void {
    this.#settings = {
      project: textAt(config, "project"),
      region: textAt(config, "region"),
      zone: textAt(config, "zone"),
    };
  }

  /**
   * Ends what waits now; the resources that exist then stay in the cloud. Later calls go on: the engine also cancels at
   * the end of a preview, and attaches to the same process again for the update.
   */
  cancel(): void {
    this.#cancelled.abort(new Error("cancelled"));
    this.#cancelled = new AbortController();
  }

  check(
    urn: string,
    olds: Properties,
    news: Properties,
    randomSeed: Uint8Array,
  ): { inputs: Properties; failures: readonly Failure[] } {
    const kind = kindOf(urn);
    const { inputs, failures } = kind.check(withName(urn, olds, news, randomSeed), { settings: this.#settings });
    const nameFailure = nameProblem(inputs["name"]);
    return { inputs, failures: nameFailure === undefined ? failures : [...failures, nameFailure] };
  }

  diff(urn: string, oldInputs: Properties, news: Properties): DiffResult {
    const { replaceOn } = kindOf(urn);
    const changes = changesBetween(oldInputs, news).map((change) => ({
      ...change,
      replaces: replaceOn.some(
        (path) =>
          change.path === path || (/^[.[]/.test(change.path.slice(path.length)) && change.path.startsWith(path)),
      ),
    }));
    const replaces = changes.some((change) => change.replaces);
    return { changes, deleteBeforeReplace: replaces && !changes.some(({ property }) => property === "name") };
  }

  async create(urn: string, inputs: Properties, preview: boolean): Promise<{ id: string; outputs: Properties }> {
    const kind = kindOf(urn);
    if (preview) return { id: "", outputs: previewOutputs(kind, inputs) };
    return kind.create(inputs, this.#context());
  }

  async update(urn: string, id: string, olds: Properties, news: Properties, preview: boolean): Promise<Properties> {
    const kind = kindOf(urn);
    if (preview)
      return { ...olds, ...news, ...(kind === instance ? { currentStatus: news["desiredStatus"] ?? "RUNNING" } : {}) };
    return kind.update(id, olds, news, this.#context());
  }

  read(urn: string, id: string): Promise<Live | undefined> {
    return kindOf(urn).read(id, this.#context());
  }

  delete(urn: string, id: string): Promise<void> {
    return kindOf(urn).delete(id, this.#context());
  }

  async invoke(token: string, args: Properties): Promise<Properties> {
    if (token === "gcp:compute/getInstanceGuestAttributes:getInstanceGuestAttributes")
      return guestAttributes(args, this.#context());
    throw new Error(`the simulated cloud has no function ${token}`);
  }

  #context(): Context {
    return {
      state: this.#state,
      machines: this.#machines,
      settings: this.#settings,
      log: this.#log,
      signal: this.#cancelled.signal,
    };
  }
}

function kindOf(urn: string): ResourceKind {
  // urn:pulumi:<stack>::<project>::<parent types $ type>::<name>
  const token = (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
  const kind = kinds.get(token);
  if (kind !== undefined) return kind;
  throw new Error(`the simulated cloud has no ${token}; it has ${[...kinds.keys()].join(", ")}`);
}

// The real provider names what has no name: the resource's own, and seven hex digits.
function withName(urn: string, olds: Properties, news: Properties, randomSeed: Uint8Array): Properties {
  if (news["name"] !== undefined) return news;
  if (typeof olds["name"] === "string") return { ...news, name: olds["name"] };
  const suffix = createHash("sha256").update(randomSeed).update(urn).digest("hex").slice(0, 7);
  return { ...news, name: `${urn.split("::")[3] ?? ""}-${suffix}` };
}

function nameProblem(name: Properties[string] | undefined): Failure | undefined {
  if (typeof name !== "string" || isUnknown(name) || /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return undefined;
  return {
    property: "name",
    reason: `"name" ("${name}") doesn't match regexp "^(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)$"`,
  };
}

function previewOutputs(kind: ResourceKind, inputs: Properties): Properties {
  const asked = Object.fromEntries(
    kind.computed.filter((key) => inputs[key] === undefined).map((key) => [key, unknown]),
  );
  if (kind !== instance) return { ...inputs, ...asked };
  // A reserved address that is known already is known in the network interface, too; the rest of it is not.
  return { ...inputs, ...asked, networkInterfaces: inputs["networkInterfaces"] ?? unknown };
}
