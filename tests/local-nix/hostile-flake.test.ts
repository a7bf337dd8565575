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

  it("sees none of the operator's secrets in the environment where it may look at its surroundings", async () => {
    const variables = ["SOPS_AGE_KEY", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN"];
    const before = { ...process.env };
    for (const name of variables) process.env[name] = "a secret";
    try {
      const expression = `map builtins.getEnv ${JSON.stringify([...variables, "HOME"]).replaceAll(",", " ")}`;
      const answer = await runNix(["eval", "--json", "--impure", "--expr", expression], { signal: soon() });
      assert.deepEqual(JSON.parse(answer), ["", "", "", process.env["HOME"]]);
    } finally {
      for (const name of variables) {
        const value = before[name];
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });
});
