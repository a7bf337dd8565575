import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { declaredBy } from "../../fidelity/run-scenarios.ts";
import { chains } from "../../fidelity/scenarios.ts";

const all = Object.values(chains).flat();

describe("the scenarios of a preview", () => {
  it("are thirty at least, and eight of them are run with every test", () => {
    assert.ok(all.length >= 30, String(all.length));
    assert.ok(all.filter(({ always }) => always).length >= 8);
  });

  it("gain what is not there and lose what is", () => {
    for (const scenarios of Object.values(chains)) assert.equal(declaredBy(scenarios).length, scenarios.length);
    assert.throws(() => declaredBy([{ name: "a", loses: ["web"] }]), /web is not there/);
    assert.throws(
      () =>
        declaredBy([
          { name: "a", gains: ["web"] },
          { name: "b", gains: ["web"] },
        ]),
      /web is there/,
    );
  });

  it("stand in docs/preview-fidelity.md, with no wrong statement", async () => {
    const text = await readFile(join(import.meta.dirname, "../../docs/preview-fidelity.md"), "utf8");
    const rows = text.split("\n").filter((line) => /^\| [^|]* \| (?:update|none|unknown) \|/.test(line));
    const names = rows.map((row) => row.split(" | ")[0]?.slice(2));
    assert.deepEqual(names.sort(), all.map(({ name }) => name).sort());
    assert.match(
      text,
      new RegExp(`\\*\\*${rows.length} scenarios, \\d+ statements: \\d+ right, \\d+ unknown, 0 wrong\\.\\*\\*`),
    );
    for (const row of rows) assert.ok(row.endsWith("| – |"), row);
  });
});
