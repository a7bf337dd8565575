import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "mocha";
import { LocalSystems } from "../../../stack/plan/local-systems.ts";
import { askForPlan } from "../../../stack/plan/look-for-plan.ts";
import { renderLook } from "../../../stack/plan/render-look.ts";
import { declared } from "../../deploy/support/facts.ts";
import { soon } from "../../local-nix/support/fixtures.ts";

describe("a look at a host for a plan", () => {
  const looked = async (targetHost: string): Promise<string> => {
    const way = {
      machine: "galena",
      targetHost,
      identityFiles: ["/nonexistent/key"],
      hostKeys: [],
      connectDeadlineSeconds: 60,
    };
    const question = { class: "nixos", toplevel: declared, expectsOther: true, specialisation: null } as const;
    const look = await askForPlan(way, question, new LocalSystems(soon()), soon());
    return renderLook(look, { toplevel: declared, specialisation: null });
  };

  it("says what is wrong with the way to it, and the plan goes on", async () => {
    assert.match(await looked("root@no such host"), /^could not be asked: .* is no SSH target/);
  });

  it("says that nobody answers", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    await new Promise((resolve) => server.close(resolve));
    assert.match(await looked(`root@127.0.0.1:${address.port}`), /^unreachable: .*ECONNREFUSED/);
  });
});
