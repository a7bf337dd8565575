import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it } from "mocha";
import { compareProvenance } from "../../../clan/plan/compare-provenance.ts";
import { decodeProvenance, encodeProvenance } from "../../../clan/plan/provenance.ts";
import { readProvenances } from "../../../clan/plan/read-provenance.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { declared } from "../../deploy/support/facts.ts";
import { soon } from "../../local-nix/support/fixtures.ts";
import { galena, temporaryFleet } from "../support/temporary-fleet.ts";

const service = `
import { flakeModule } from "pulumi-clan/author";
export default flakeModule({ clan: { inventory: { instances: {
  mesh: { module: { name: "zerotier", input: "clan-core" }, roles: { peer: { tags: ["peer"] } } },
} } } });
`;
const lock = (rev: string): string =>
  JSON.stringify({
    nodes: {
      "clan-core": { locked: { type: "github", rev, narHash: "sha256-x" } },
      root: { inputs: { "clan-core": "clan-core" } },
    },
    root: "root",
    version: 7,
  });

const files = {
  "modules/galena.ts": galena,
  "modules/mesh.ts": service,
  "flake.lock": lock("aaaaaaaaaa"),
  "vars/per-machine/galena/openssh/ssh.id_ed25519.pub/value": "one",
};

describe("what a machine is made of", function () {
  this.timeout(60_000);
  const read = async (root: string, overrides = {}) => {
    const fleet = await readFleet(root);
    const made = await readProvenances(fleet, ["galena"], overrides, () => undefined, soon());
    return { made: made.get("galena") ?? assert.fail(), namespaces: fleet.model.namespaces };
  };
  /** What is told to have changed by an edit, between two readings of the same fleet. */
  const edited = async (edits: Readonly<Record<string, string>>, overrides = {}): Promise<string[]> => {
    await using fleet = await temporaryFleet(files);
    const stored = decodeProvenance(encodeProvenance(declared, (await read(fleet.root)).made) ?? "") ?? assert.fail();
    // The fleet's files were loaded once in this process: what they define is read in another folder.
    await using again = await temporaryFleet({ ...files, ...edits });
    const { made, namespaces } = await read(again.root, overrides);
    return compareProvenance(stored, made, namespaces).map(({ text }) => text);
  };

  it("is the same in two readings of the same fleet, wherever it lies", async () => {
    assert.deepEqual(await edited({}), []);
  });

  it("changes with a file, which is named with the entries that it defines", async () => {
    const text = galena.replace('hostName: "galena"', 'hostName: "galena2"');
    assert.deepEqual(await edited({ "modules/galena.ts": text }), [
      "modules/galena.ts changed (nixos/machines/nixos/galena)",
    ]);
  });

  it("changes with its tags and roles, and the file that states them", async () => {
    const text = galena.replace('tags: ["peer"]', 'tags: ["other"]');
    assert.deepEqual(await edited({ "modules/galena.ts": text }), [
      "tag other gained",
      "tag peer lost",
      "role mesh/peer lost",
      "modules/galena.ts changed (nixos/machines/nixos/galena)",
      "modules/mesh.ts gone",
    ]);
  });

  it("changes with the members of a service that it takes part in", async () => {
    const text = service.replace('tags: ["peer"]', 'tags: ["peer"], settings: { port: 1 }');
    assert.deepEqual(await edited({ "modules/mesh.ts": text }), [
      "instance mesh: settings changed",
      "modules/mesh.ts changed",
    ]);
  });

  it("changes with an input's revision, which the lock file only holds, and with one that is taken instead", async () => {
    assert.deepEqual(await edited({ "flake.lock": lock("bbbbbbbbbb") }), ["input clan-core: aaaaaaa → bbbbbbb"]);
    const [text] = await edited({}, { "clan-core": "path:/somewhere" });
    assert.match(text ?? "", /^input clan-core: aaaaaaa → \S{4}$/);
  });

  it("changes with its vars on disk", async () => {
    assert.deepEqual(await edited({ "vars/per-machine/galena/openssh/ssh.id_ed25519.pub/value": "two" }), [
      "vars/per-machine/galena/ changed",
    ]);
  });

  it("of every machine of the example is short enough for its state", async () => {
    const fleet = await readFleet(resolve(import.meta.dirname, "../../.."));
    const machines = Object.keys(fleet.model.machines);
    const all = await readProvenances(fleet, machines, {}, () => undefined, soon());
    for (const machine of machines) {
      const text = encodeProvenance(declared, all.get(machine) ?? assert.fail(machine)) ?? "";
      assert.equal(decodeProvenance(text)?.depth, null, `${machine}: ${text.length} characters: each file by its name`);
    }
  });
});
