import type { HostSpec } from "../hosts/host-spec.ts";
import type { SimState } from "../hosts/sim-state.ts";
import type { Properties } from "./property-values.ts";

/** What the provider was configured with. */
export interface ProviderSettings {
  readonly project: string | undefined;
  readonly region: string | undefined;
  readonly zone: string | undefined;
}

/** What every operation on a resource gets. */
export interface Context {
  readonly state: SimState;
  /** The hosts that the cloud can boot, by machine; an instance of another name is only an entry. */
  readonly machines: readonly HostSpec[];
  readonly settings: ProviderSettings;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

export interface Live {
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** One kind of resource of the simulated cloud. */
export interface ResourceKind {
  /** `gcp:compute/instance:Instance` */
  readonly token: string;
  /** Outputs that only creation tells; unknown in a preview of it. */
  readonly computed: readonly string[];
  /** Inputs, or paths below them, whose change needs a new resource. */
  readonly replaceOn: readonly string[];
  /** Completes the inputs and says what is wrong with them. `news` may hold unknown values. */
  check(
    news: Properties,
    context: Pick<Context, "settings">,
  ): { readonly inputs: Properties; readonly failures: readonly Failure[] };
  create(inputs: Properties, context: Context): Promise<{ readonly id: string; readonly outputs: Properties }>;
  update(id: string, olds: Properties, news: Properties, context: Context): Promise<Properties>;
  /** The resource as it is; undefined: it is gone. */
  read(id: string, context: Context): Promise<Live | undefined>;
  /** Success when it is gone already. */
  delete(id: string, context: Context): Promise<void>;
}
