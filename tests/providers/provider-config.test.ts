import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { sudoPassword } from "../../providers/provider-config.ts";
import { recordResources } from "../components/support.ts";

/** As Pulumi's: `get` is a method. Source: @pulumi/pulumi 3.270, cmd/dynamic-provider/config.js. */
class Config {
  readonly #values: Readonly<Record<string, unknown>>;
  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }
  get(key: string): unknown {
    return this.#values[key];
  }
}

describe("the stack's password for sudo", () => {
  afterEach(() => Reflect.deleteProperty(globalThis, "pulumiClanConfig"));

  it("is what Pulumi configured the stored provider with, and shows itself to nobody", async () => {
    const registered = await recordResources();
    const { SystemClosure } = await import("../../providers/system-closure.ts");
    new SystemClosure("any-closure", { machine: "galena", policy: {} } as never); // only its stored provider is looked at
    await (await import("@pulumi/pulumi")).runtime.disconnect();
    const text = String(registered.at(-1)?.inputs["__provider"]);
    const module: { handler?: () => { configure(request: { config: Config }): Promise<void> } } = {};
    new Function("exports", text)(module); // as the plugin process loads it
    const configured = module.handler?.().configure({ config: new Config({ "pulumi-clan:sudoPassword": "a word" }) });
    const password = sudoPassword();
    assert.equal(password?.reveal(), "a word", "stored before configure's promise is waited for");
    assert.equal(JSON.stringify({ password }).includes("a word"), false);
    await configured;
  });

  it("is none without configuration, as with the stored provider of 0.1", () => {
    assert.equal(sudoPassword(), undefined);
    Object.assign(globalThis, { pulumiClanConfig: new Config({}) });
    assert.equal(sudoPassword(), undefined);
  });
});
