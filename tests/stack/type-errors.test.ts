import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { typeErrors } from "../../stack/type-errors.ts";
import { temporaryFleet } from "../clan/support/temporary-fleet.ts";

describe("type errors of a fleet's files", function () {
  this.timeout(120_000);

  const files = {
    "modules/options.ts": `import { flakeModule } from "pulumi-clan/author";
declare module "pulumi-clan/author" {
  interface FlakeOutputsConfig {
    readonly people: readonly string[];
  }
}
export default flakeModule({});
`,
    "modules/user.ts": `import { flakeModule } from "pulumi-clan/author";
export default flakeModule(({ config }) => ({ x: config.flake.people.join() }));
`,
    "modules/wrong.ts": `import { flakeModule } from "pulumi-clan/author";

export default flakeModule(({ confg }) => ({ x: confg }));
`,
  };

  it("are those of the files that were asked for, with their lines; types of the other files count", async () => {
    await using fleet = await temporaryFleet(files);
    const asked = ["modules/user.ts", "modules/wrong.ts"];
    assert.deepEqual(typeErrors(fleet.root, Object.keys(files), asked), [
      { file: "modules/wrong.ts", line: 3, message: "Property 'confg' does not exist on type 'FlakeModuleArgs'." },
    ]);
    assert.deepEqual(typeErrors(fleet.root, Object.keys(files), ["modules/user.ts"]), []);
  });

  it("obey the options of the fleet's tsconfig.json", async () => {
    const unused = { ...files, "modules/wrong.ts": "const one = 1;\nexport default {};\n" };
    const options = {
      strict: true,
      module: "nodenext",
      allowImportingTsExtensions: true,
      noEmit: true,
      skipLibCheck: true,
    };
    const config = JSON.stringify({ compilerOptions: { ...options, noUnusedLocals: true } });
    await using fleet = await temporaryFleet({ ...unused, "tsconfig.json": config });
    assert.deepEqual(
      typeErrors(fleet.root, ["modules/wrong.ts"], ["modules/wrong.ts"]).map(({ message }) => message),
      ["'one' is declared but its value is never read."],
    );
  });
});
