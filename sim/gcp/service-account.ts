import { changeCloud, readCloud } from "./cloud.ts";
import { GoogleApiError } from "./errors.ts";
import { textAt } from "./property-values.ts";
import type { ResourceKind } from "./resource-kind.ts";

const during = "Error creating service account";

/** `gcp.serviceaccount.Account`: recorded and checked; nobody calls an API as it. Source: IAM REST v1, projects.serviceAccounts. */
export const serviceAccount: ResourceKind = {
  token: "gcp:serviceaccount/account:Account",
  computed: ["email", "member", "name", "uniqueId"],
  replaceOn: ["accountId", "project"],

  check(news, { settings }) {
    const project = news["project"] ?? settings.project ?? null;
    const failures = [];
    const id = textAt(news, "accountId");
    if (id === undefined || !/^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$/.test(id)) {
      const reason = `"account_id" ("${id ?? ""}") doesn't match regexp "^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$"`;
      failures.push({ property: "accountId", reason });
    }
    if (project === null)
      failures.push({ property: "project", reason: "project: required field is not set; set gcp:project" });
    return { inputs: { ...news, project }, failures };
  },

  async create(inputs, { state, signal, log }) {
    const [project = "", accountId = ""] = [textAt(inputs, "project"), textAt(inputs, "accountId")];
    const email = `${accountId}@${project}.iam.gserviceaccount.com`;
    const id = `projects/${project}/serviceAccounts/${email}`;
    const outputs = await changeCloud(
      state,
      (cloud) => {
        if (cloud.resources[id] !== undefined) {
          const message = `Service account ${accountId} already exists within project projects/${project}.`;
          throw new GoogleApiError(during, 409, message, "alreadyExists");
        }
        cloud.made += 1;
        const uniqueId = String(100_000_000_000_000_000_000n + BigInt(cloud.made));
        const made = { ...inputs, email, member: `serviceAccount:${email}`, name: id, uniqueId, disabled: false };
        cloud.resources[id] = { type: serviceAccount.token, inputs, outputs: made };
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
          throw new GoogleApiError("Error updating service account", 404, `Unknown service account`, "notFound");
        const outputs = { ...found.outputs, ...news };
        cloud.resources[id] = { type: serviceAccount.token, inputs: news, outputs };
        return outputs;
      },
      signal,
    );
  },

  async read(id, { state }) {
    return (await readCloud(state)).resources[id];
  },

  async delete(id, { state, signal, log }) {
    await changeCloud(state, (cloud) => delete cloud.resources[id], signal);
    log(`${id}: deleted`);
  },
};
