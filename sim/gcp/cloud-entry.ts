import { type Cloud, type CloudResource, changeCloud, readCloud } from "./cloud.ts";
import { GoogleApiError } from "./errors.ts";
import type { Properties } from "./property-values.ts";
import type { Context, ResourceKind } from "./resource-kind.ts";

/** A resource as an entry of the cloud: its type, its id, and what it is called in messages (`Address`). */
export interface CloudEntry {
  readonly token: string;
  readonly id: string;
  readonly what: string;
  readonly inputs: Properties;
}

/**
 * Makes an entry. @param outputsOf - is told how many resources the cloud ever made.
 * @throws {GoogleApiError} there is one already; `exists` is what Google says then.
 */
export async function makeEntry(
  { token, id, what, inputs, exists }: CloudEntry & { readonly exists?: string },
  { state, signal, log }: Context,
  outputsOf: (made: number, cloud: Cloud) => Properties,
): Promise<{ readonly id: string; readonly outputs: Properties }> {
  const outputs = await changeCloud(
    state,
    (cloud) => {
      if (cloud.resources[id] !== undefined) {
        const message = exists ?? `The resource '${id}' already exists`;
        throw new GoogleApiError(`Error creating ${what}`, 409, message, "alreadyExists");
      }
      cloud.made += 1;
      const made = outputsOf(cloud.made, cloud);
      cloud.resources[id] = { type: token, inputs, outputs: made };
      return made;
    },
    signal,
  );
  log(`${id}: created`);
  return { id, outputs };
}

/** Changes an entry. @throws {GoogleApiError} there is none */
export async function changeEntry(
  { token, id, what, inputs }: CloudEntry,
  { state, signal }: Context,
  outputsOf: (found: CloudResource) => Properties = ({ outputs }) => ({ ...outputs, ...inputs }),
): Promise<Properties> {
  return changeCloud(
    state,
    (cloud) => {
      const found = cloud.resources[id];
      if (found === undefined)
        throw new GoogleApiError(`Error updating ${what}`, 404, `The resource '${id}' was not found`, "notFound");
      const outputs = outputsOf(found);
      cloud.resources[id] = { type: token, inputs, outputs };
      return outputs;
    },
    signal,
  );
}

/** How an entry is read and deleted. @param refuse - throws for one that cannot be deleted. */
export function plainEntry(refuse?: (id: string, cloud: Cloud) => void): Pick<ResourceKind, "read" | "delete"> {
  return {
    async read(id, { state }) {
      return (await readCloud(state)).resources[id];
    },
    async delete(id, { state, signal, log }) {
      await changeCloud(
        state,
        (cloud) => {
          refuse?.(id, cloud);
          delete cloud.resources[id];
        },
        signal,
      );
      log(`${id}: deleted`);
    },
  };
}
