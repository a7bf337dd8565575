import { z } from "zod";
import { runNix } from "../../../local-nix/nix-command.ts";
import { patience } from "./signals.ts";

const system = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";
const answerSchema = z.object({ drvPath: z.string(), toplevel: z.string() });

/** A derivation that gives a copy of `path`, since a provider builds before it deploys. */
export async function derivationOf(path: string, name: string): Promise<z.output<typeof answerSchema>> {
  const builder = `"/bin/cp -a \${builtins.storePath "${path}"} $out"`;
  const drv = `derivation { name = "nixos-system-${name}"; system = "${system}"; builder = "/bin/sh"; args = [ "-c" ${builder} ]; }`;
  const expression = `let d = ${drv}; in { drvPath = d.drvPath; toplevel = d.outPath + ""; }`;
  const text = await runNix(["eval", "--impure", "--json", "--expr", expression], { signal: patience() });
  return answerSchema.parse(JSON.parse(text));
}
