import { changeEntry, makeEntry, plainEntry } from "./cloud-entry.ts";
import { textAt } from "./property-values.ts";
import type { ResourceKind } from "./resource-kind.ts";

const what = "service account";

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

  async create(inputs, context) {
    const [project = "", accountId = ""] = [textAt(inputs, "project"), textAt(inputs, "accountId")];
    const email = `${accountId}@${project}.iam.gserviceaccount.com`;
    const id = `projects/${project}/serviceAccounts/${email}`;
    const exists = `Service account ${accountId} already exists within project projects/${project}.`;
    return makeEntry({ token: serviceAccount.token, id, what, inputs, exists }, context, (number) => {
      const uniqueId = String(100_000_000_000_000_000_000n + BigInt(number));
      return { ...inputs, email, member: `serviceAccount:${email}`, name: id, uniqueId, disabled: false };
    });
  },

  async update(id, _olds, inputs, context) {
    return changeEntry({ token: serviceAccount.token, id, what, inputs }, context);
  },

  ...plainEntry(),
};
