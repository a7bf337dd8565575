import { type Cloud, changeCloud, readCloud } from "./cloud.ts";
import { GoogleApiError } from "./errors.ts";
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
    async create(inputs, { state, signal, log }) {
      const id = idOf(inputs);
      const outputs = await changeCloud(
        state,
        (cloud) => {
          if (cloud.resources[id] !== undefined)
            throw new GoogleApiError(`Error creating ${what}`, 409, `The resource '${id}' already exists`, "conflict");
          cloud.made += 1;
          const made = outputsOf(inputs, id, cloud.made, cloud);
          cloud.resources[id] = { type: token, inputs, outputs: made };
          return made;
        },
        signal,
      );
      log(`${id}: created`);
      return { id, outputs };
    },
    async update(id, _olds, news, { state, signal }) {
      return changeCloud(
        state,
        (cloud) => {
          const found = cloud.resources[id];
          if (found === undefined)
            throw new GoogleApiError(`Error updating ${what}`, 404, `The resource '${id}' was not found`, "notFound");
          const outputs = { ...found.outputs, ...news };
          cloud.resources[id] = { type: token, inputs: news, outputs };
          return outputs;
        },
        signal,
      );
    },
    async read(id, { state }) {
      return (await readCloud(state)).resources[id];
    },
    async delete(id, { state, signal, log }) {
      await changeCloud(
        state,
        (cloud) => {
          refuseDelete?.(id, cloud);
          delete cloud.resources[id];
        },
        signal,
      );
      log(`${id}: deleted`);
    },
  };
}
