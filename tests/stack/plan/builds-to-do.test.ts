import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "mocha";
import { z } from "zod";
import { runNix } from "../../../local-nix/nix-command.ts";
import { parseStorePath } from "../../../local-nix/store-path.ts";
import { type BuildQuestion, BuildsToDo } from "../../../stack/plan/builds-to-do.ts";
import { soon } from "../../local-nix/support/fixtures.ts";

const answerSchema = z.object({ drvPath: z.string(), toplevel: z.string().transform(parseStorePath) });

/** A derivation that nobody has built. */
async function question(): Promise<BuildQuestion> {
  const make = `derivation { name = "system"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${randomBytes(8).toString("hex")} > $out" ]; }`;
  const expression = `let it = ${make}; in { inherit (it) drvPath; toplevel = it.outPath; }`;
  const text = await runNix(["eval", "--impure", "--json", "--expr", expression], { signal: soon() });
  return { ...answerSchema.parse(JSON.parse(text)), buildOn: "local", known: { kind: "none" } };
}

describe("what is left to be built for a plan", () => {
  it("is asked where a system is built here that is neither there nor runs already", async () => {
    const wanted = await question();
    const builds = new BuildsToDo(soon(), 60_000);
    const fetched = { paths: 0, bytes: 0 };
    assert.deepEqual(await builds.ask(wanted), { kind: "known", derivations: 1, fetched });
    assert.equal(await builds.ask({ ...wanted, buildOn: "target" }), undefined);
    const running = parseStorePath(wanted.toplevel);
    assert.equal(await builds.ask({ ...wanted, known: { kind: "known", deployment: { running } } }), undefined);
    await runNix(["build", "--no-link", `${wanted.drvPath}^out`], { signal: soon() });
    assert.equal(await builds.ask(wanted), undefined);
  });

  it("is unknown, and no error, where Nix says nothing or not in time", async () => {
    const wanted = await question();
    const late = { kind: "unknown", why: "Nix, or a cache that it asks, did not say in time" } as const;
    assert.deepEqual(await new BuildsToDo(soon(), 0).ask(wanted), late);
    assert.deepEqual(await new BuildsToDo(soon(), 1).ask(wanted), late);
    const gone = { ...wanted, drvPath: wanted.drvPath.replace(/\/[0-9a-z]{32}-/, `/${"0".repeat(32)}-`) };
    const why = "this machine's store lacks a part of it";
    assert.deepEqual(await new BuildsToDo(soon(), 60_000).ask(gone), { kind: "unknown", why });
    const said = await new BuildsToDo(soon(), 60_000).ask({ ...wanted, drvPath: "/nix/store/no-path" });
    assert.ok(said?.kind === "unknown");
    assert.match(said.why, /^Nix does not say: /);
  });
});
