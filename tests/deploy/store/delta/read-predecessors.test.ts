import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { parsePredecessors, predecessorScript, sharedPaths } from "../../../../deploy/store/delta/read-predecessors.ts";
import { readValid } from "../../../../deploy/store/path-info.ts";
import { nixBase32 } from "../../../../deploy/store/signature.ts";
import type { StorePath } from "../../../../local-nix/store-path.ts";
import { patience } from "../../support/signals.ts";
import { addClosure } from "../support/closures.ts";
import { info, path } from "../support/paths.ts";

const hash = `sha256:${"0".repeat(52)}`;

describe("a host's answer about predecessors", () => {
  it("gives the paths with their hashes, and the memory that is free", () => {
    const text = `memory\t2048\npath\t${path("a")}\npath\t${path("b")}\nhash\t${hash}\nhash\t${hash}\n`;
    const { hashes, availableBytes } = parsePredecessors(text);
    assert.deepEqual(
      [...hashes],
      [path("a"), path("b")].map((one) => [one, "0".repeat(52)]),
    );
    assert.equal(availableBytes, 2048 * 1024);
  });

  it("counts for nothing where paths and hashes do not belong together", () => {
    assert.equal(parsePredecessors(`path\t${path("a")}\npath\t${path("b")}\nhash\t${hash}\n`).hashes.size, 0);
  });

  it("is read whatever it is: no text makes another path of it than a store path", () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom("path\t/etc/shadow", `path\t${path("a")}/../x`, "hash\t$(id)", `hash\t${hash}`, "memory\t-1"),
      fc.string().map((text) => `path\t/nix/store/${text}`),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        for (const [one, digits] of parsePredecessors(lines.join("\n")).hashes) {
          assert.match(one, /^\/nix\/store\/[0-9a-z]{32}-[^/]+$/);
          assert.match(digits, /^[0-9a-z]{52}$/);
        }
      }),
    );
  });

  it("leads to what the operator has, too, byte for byte: who names a path without its hash gets no differences from it", async () => {
    const ours = await addClosure("shared", { small: 1, large: 0 });
    const [known] = await readValid([ours], patience());
    const digits = nixBase32(Buffer.from(known?.narHash ?? "", "hex"));
    const shared = async (...named: readonly (readonly [StorePath, string])[]): Promise<readonly StorePath[]> =>
      (await sharedPaths(new Map(named), patience())).map(({ path }) => path);
    assert.deepEqual(await shared([ours, digits], [path("a"), digits]), [ours]);
    assert.deepEqual(await shared([ours, "0".repeat(52)]), []);
    assert.deepEqual(await shared(), []);
  });

  it("is asked for by a script that has each name once, in its text and not on the command line", () => {
    const { args, text } = predecessorScript("/bin/nix-store", [info("a", []), info("a", []), info("b", [])]);
    assert.deepEqual(args, ["/bin/nix-store"]);
    assert.equal(text.split("\n").filter((line) => line === "path-a").length, 1);
  });
});
