import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";

const vm = { project: "minerals-lab", zone: "us-central1-b", name: "galena" };
const opened = { queryValues: [{ namespace: "pulumi-clan", key: "first-login", value: "open" }] };
/** As the engine passes on what a provider's call failed with. */
const details = "googleapi: Error 404: The resource was not found., notFound\n  and more";
const notYet = Object.assign(new Error(details), { details });

type Answer = Error | Record<string, unknown> | Promise<never>;

/** Google's API as the engine passes its answers on, one after the other; the last one again and again. */
async function waiting(answers: readonly [Answer, ...Answer[]], deadlineSeconds: number) {
  const asked: unknown[] = [];
  const warnings: string[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
      call: async ({ inputs }) => {
        const answer = await (answers[asked.length] ?? answers.at(-1));
        asked.push(inputs["queryPath"]);
        if (answer instanceof Error) throw answer;
        return answer ?? {};
      },
    },
    "pulumi-clan",
    "test",
    false,
  );
  const { awaitOpenDoor } = await import("../../components/first-login.ts");
  const parent = new pulumi.ComponentResource("clan:gcp:Node", "galena-node");
  const { warn } = pulumi.log;
  Object.assign(pulumi.log, {
    warn: (message: string) => {
      warnings.push(message);
      return Promise.resolve();
    },
  });
  try {
    await awaitOpenDoor(vm, parent, { deadlineSeconds, pauseMs: 10 });
    return { asked, warnings };
  } finally {
    Object.assign(pulumi.log, { warn });
  }
}

describe("the door of a new VM", function () {
  this.timeout(60_000);

  it("is waited for until the VM says that root can log in", async () => {
    const { asked, warnings } = await waiting([notYet, { queryValues: [] }, opened], 50);
    assert.deepEqual(asked, Array(3).fill("pulumi-clan/first-login"));
    assert.deepEqual(warnings, []);
  });

  it("may stay shut: the warning says what was answered last, and the login is tried all the same", async () => {
    const { warnings } = await waiting([notYet], 1);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? "",
      /^galena: its startup script did not say after 1 s that root can log in: .*Error 404: The resource was not found\., notFound$/,
    );
  });

  it("is not waited for without end where nobody answers", async () => {
    const { warnings } = await waiting([new Promise<never>(() => undefined)], 1);
    assert.match(warnings[0] ?? "", /root can log in: no answer$/);
  });
});
