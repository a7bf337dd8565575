import type { Cloud } from "./cloud.ts";
import { changeEntry, makeEntry, plainEntry } from "./cloud-entry.ts";
import type { Properties } from "./property-values.ts";
import type { ResourceKind } from "./resource-kind.ts";

/** A resource that is an entry of the cloud and nothing behind it. */
export interface RecordedResource extends Pick<ResourceKind, "token" | "computed" | "replaceOn"> {
  /** For messages: `bucket`. */
  readonly what: string;
  readonly required: readonly string[];
  readonly idOf: (inputs: Properties) => string;
  /** @throws {GoogleApiError} what cannot be made. @param number - counts the resources of the cloud. */
  readonly outputsOf: (inputs: Properties, id: string, number: number, cloud: Cloud) => Properties;
  /** @throws {GoogleApiError} what cannot be deleted. */
  readonly refuseDelete?: (id: string, cloud: Cloud) => void;
}

export function recordedResource(recorded: RecordedResource): ResourceKind {
  const { token, computed, replaceOn, what, required, idOf, outputsOf, refuseDelete } = recorded;
  return {
    token,
    computed,
    replaceOn,
    check(news, { settings }) {
      const inputs = { ...news, project: news["project"] ?? settings.project ?? null };
      const missing = required.filter((property) => inputs[property as keyof typeof inputs] === undefined);
      return { inputs, failures: missing.map((property) => ({ property, reason: "Missing required argument" })) };
    },
    create(inputs, context) {
      const id = idOf(inputs);
      return makeEntry({ token, id, what, inputs }, context, (made, cloud) => outputsOf(inputs, id, made, cloud));
    },
    update: (id, _olds, inputs, context) => changeEntry({ token, id, what, inputs }, context),
    ...plainEntry(refuseDelete),
  };
}
