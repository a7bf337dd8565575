import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { flakeAttribute } from "../../local-nix/evaluation-request.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { soon } from "./support/fixtures.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

describe("a flake that is evaluated", () => {
  it("reads neither the operator's environment nor their files, and sets no settings of Nix", async () => {
    await using folder = await TemporaryFolder.make();
    await folder.write({
      "flake.nix": `{
        nixConfig = { pure-eval = false; allow-import-from-derivation = false; };
        outputs = _: {
          environment = builtins.getEnv "PULUMI_CLAN_PROBE";
          file = builtins.readFile "/etc/passwd";
          found = builtins.pathExists "/etc/passwd";
        };
      }`,
    });
    const narHash = (await runNix(["hash", "path", folder.path], { signal: soon() })).trim();
    const tree = { root: folder.path, path: folder.path, narHash };
    const ask = (attribute: string): Promise<string> =>
      runNix(["eval", "--json", ...flakeAttribute(attribute, { tree })], {
        signal: soon(),
        env: { PULUMI_CLAN_PROBE: "a secret" },
      });
    assert.equal((await ask("environment")).trim(), '""');
    await assert.rejects(ask("file"), /access to absolute path '\/etc[a-z/]*' is forbidden in pure evaluation mode/);
    assert.equal((await ask("found")).trim(), "false");
  });
});
