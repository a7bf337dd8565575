import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";

const vm = { project: "minerals-lab", zone: "us-central1-b", name: "galena" };
const key = "AAAAC3NzaC1lZDI1NTE5AAAAIFbJ8fYtpVhQnGTTsi3+gM2mRzaXbYSCbUcuPNyjTuVd";
const published = { queryValues: [{ namespace: "hostkeys", key: "ssh-ed25519", value: key }] };
/** As the engine passes on what a provider's call failed with. */
const failure = (details: string): Error => Object.assign(new Error(details), { details });
const during = "invocation of gcp:compute/getInstanceGuestAttributes:getInstanceGuestAttributes returned an error";
const notYet = failure(`${during}: googleapi: Error 404: The resource 'hostkeys/' was not found., notFound`);

type Answer = Error | Record<string, unknown> | Promise<never>;

/** Google's API as the engine passes its answers on, one after the other; the last one again and again. */
async function asking(answers: readonly [Answer, ...Answer[]], deadlineSeconds: number) {
  let asked = 0;
  const warnings: string[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
      call: async () => {
        const answer = await (answers[asked] ?? answers.at(-1));
        asked++;
        if (answer instanceof Error) throw answer;
        return answer ?? {};
      },
    },
    "pulumi-clan",
    "test",
    false,
  );
  const { readGuestHostKeys } = await import("../../components/guest-host-keys.ts");
  const parent = new pulumi.ComponentResource("clan:gcp:Node", "galena-node");
  const { warn } = pulumi.log;
  Object.assign(pulumi.log, {
    warn: (message: string) => {
      warnings.push(message);
      return Promise.resolve();
    },
  });
  try {
    const keys = await readGuestHostKeys(vm, parent, { deadlineSeconds, pauseMs: 10 });
    return { keys: keys.map((one) => one.key), asked, warnings };
  } finally {
    Object.assign(pulumi.log, { warn });
  }
}

describe("the host keys among a VM's guest attributes", function () {
  this.timeout(60_000);

  it("are asked for until the system has booted and published them", async () => {
    const { keys, asked, warnings } = await asking([notYet, notYet, { queryValues: [] }, published], 50);
    assert.deepEqual([keys, asked, warnings], [[`ssh-ed25519 ${key}`], 4, []]);
  });

  it("are none at the deadline, and the warning says what was answered last", async () => {
    const { keys, asked, warnings } = await asking([notYet], 1);
    assert.deepEqual(keys, []);
    assert.ok(asked > 1, String(asked));
    assert.match(warnings.join("|"), /^galena: no host key among its guest attributes after 1 s: [^|]*Error 404[^|]*$/);
  });

  it("are none where nobody ever answers", async () => {
    const { keys, warnings } = await asking([new Promise<never>(() => undefined)], 1);
    assert.deepEqual(keys, []);
    assert.deepEqual(warnings, ["galena: no host key among its guest attributes after 1 s: no answer"]);
  });

  it("are taken for what they are alone: no junk is ever pinned", async () => {
    const junk = [
      { namespace: "hostkeys", key: "ssh-dss", value: "AAAAB3NzaC1kc3M" },
      { namespace: "hostkeys", key: "ssh-ed25519", value: "not base64" },
      { namespace: "hostkeys", key: "ssh-ed25519", value: `${key}\nssh-ed25519 AAAA` },
      { namespace: "hostkeys", key: "", value: "" },
    ];
    const mixed = { queryValues: [...junk, ...published.queryValues] };
    const { keys } = await asking([{ queryValues: "none" }, {}, { queryValues: junk }, mixed], 50);
    assert.deepEqual(keys, [`ssh-ed25519 ${key}`]);
    const { warnings } = await asking([{ queryValues: 7 }], 1);
    assert.deepEqual(warnings, ["galena: no host key among its guest attributes after 1 s: an answer that is none"]);
  });

  it("are not asked for again where the operator may not ask", async () => {
    const forbidden = failure(
      `${during}: googleapi: Error 403: Required 'compute.instances.getGuestAttributes', forbidden`,
    );
    const { keys, asked, warnings } = await asking([forbidden], 50);
    assert.deepEqual([keys, asked], [[], 1]);
    assert.match(warnings.join("|"), /Error 403/);
  });
});
