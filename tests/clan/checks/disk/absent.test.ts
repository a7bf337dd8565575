import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { runCommand } from "../../../../sim/hosts/run-command.ts";
import { patience } from "../../../deploy/support/signals.ts";

const ruledFiles = join(import.meta.dirname, "../../../../clan/checks/disk/ruled-files.ts");

describe("reading a fleet's folder", function () {
  this.timeout(60_000);

  it("reads more files than a process may open, one of which is not encrypted to whom .sops.yaml says", async () => {
    const root = await mkdtemp(join(tmpdir(), "fleet-"));
    try {
      await writeFile(join(root, ".sops.yaml"), "creation_rules:\n  - age: age1new\n");
      await mkdir(join(root, "data"));
      for (let index = 0; index < 1_000; index++) await writeFile(join(root, "data", `${index}.json`), "{}");
      const sops = { age: [{ recipient: "age1old", enc: "text" }], mac: "text", lastmodified: "2026-01-01T00:00:00Z" };
      await writeFile(join(root, "secret.json"), JSON.stringify({ value: "ENC[]", sops }));
      const code = `import { readRuledFiles } from ${JSON.stringify(ruledFiles)};
        console.log(JSON.stringify(await readRuledFiles(${JSON.stringify(root)})));`;
      const node = [process.execPath, "--input-type=module", "-e", code] as const;
      const out = await runCommand("/bin/sh", ["-c", 'ulimit -n 256 && exec "$@"', "sh", ...node], {}, patience());
      assert.deepEqual(JSON.parse(out), [{ path: "secret.json", missing: ["age1new"], former: ["age1old"] }]);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
