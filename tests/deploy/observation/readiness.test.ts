import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { composeScript } from "../../../deploy/host-script.ts";
import { parseTools } from "../../../deploy/observation/readiness.ts";
import { addProgram, localShell } from "../support/local-shell.ts";
import { patience } from "../support/signals.ts";

const script = new URL("../../../deploy/observation/scripts/readiness.sh", import.meta.url);
const lines = (...more: readonly string[]): string =>
  ["nix\tnix-store (Nix) 2.28.3", "login\tops", "uid\t1000", "groups\tops wheel", ...more, "end\t1790000000\n"].join(
    "\n",
  );

describe("what a host has for a deployment", () => {
  it("is told by a script that any host can run", async () => {
    await using shell = await localShell();
    await addProgram(shell, "nix-store", "#!/bin/sh\necho 'nix-store (Nix) 2.28.3'\n");
    const { code, stdout, stderr } = await shell.exec(composeScript("readiness", [script], []), {}, patience());
    assert.equal(code, 0, stderr);
    const tools = parseTools(stdout).data ?? assert.fail(stdout);
    assert.equal(tools.root, process.getuid?.() === 0);
    assert.equal(tools.nix, "nix-store (Nix) 2.28.3");
  });

  it("is trust by name, by group, or for all", () => {
    const trusted = (stated: string) => parseTools(lines(`trusted\t${stated}`)).data?.trusted;
    assert.equal(trusted("root ops"), true);
    assert.equal(trusted("root @wheel"), true);
    assert.equal(trusted("*"), true);
    assert.equal(trusted("root @admins opsy"), false);
    assert.equal(parseTools(lines()).data?.trusted, null, "it does not tell");
  });

  it("is refused where the host says nothing, or was cut off: what is missing is no no", () => {
    assert.equal(parseTools("welcome\n").success, false);
    assert.equal(parseTools(lines().replace(/end.*\n/, "")).success, false);
  });
});
