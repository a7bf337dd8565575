import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { TargetSyntaxError } from "../../../deploy/errors.ts";
import { connectionSpecSchema, parseTarget, renderAddress } from "../../../deploy/ssh/connection-spec.ts";

describe("target", () => {
  it("is taken apart in every form that clan and OpenSSH write", () => {
    const cases: readonly (readonly [string, unknown])[] = [
      ["galena.zt", { address: "galena.zt" }],
      ["root@galena.zt", { address: "galena.zt", user: "root" }],
      ["root@198.51.100.14:2222", { address: "198.51.100.14", port: 2222, user: "root" }],
      ["ssh://cameron@galena:22/", { address: "galena", port: 22, user: "cameron" }],
      ["[2001:db8::7]", { address: "2001:db8::7" }],
      ["root@[2001:db8::7]:2222", { address: "2001:db8::7", port: 2222, user: "root" }],
      ["root@2001:db8::7", { address: "2001:db8::7", user: "root" }],
      ["::1", { address: "::1" }],
    ];
    for (const [text, target] of cases) assert.deepEqual(parseTarget(text, "x"), target, text);
  });

  it("is refused with the forms that can be written, and where it stands", () => {
    for (const text of [
      "",
      "a b",
      "root@",
      "host:",
      "host:0",
      "host:65536",
      "host:22:22",
      "[host]:22",
      "a@b@c",
      "-oProxyCommand=x",
      "root@-x",
      "$(id)@h",
      "http://host",
    ]) {
      assert.throws(() => parseTarget(text, "Pulumi.core.yaml: hosts.galena"), TargetSyntaxError, text);
    }
    assert.throws(() => parseTarget("a b", "Pulumi.core.yaml: hosts.galena"), {
      message: [
        '"a b" is no SSH target',
        "  expected: [ssh://][user@]host[:port], an IPv6 address in brackets",
        '  found:    "a b"',
        "  at:       Pulumi.core.yaml: hosts.galena",
        "  fix:      write for example root@192.0.2.7, root@host.example:2222 or root@[2001:db8::7]:22",
      ].join("\n"),
    });
  });

  it("says where options belong that clan takes behind the host", () => {
    assert.throws(() => parseTarget("root@192.0.2.7:22?IdentityFile=/k&Port=2", "modules/galena.ts:4"), {
      message: [
        '"root@192.0.2.7:22?IdentityFile=/k&Port=2" has options of SSH behind the host, as clan takes them',
        "  expected: [ssh://][user@]host[:port], an IPv6 address in brackets",
        '  found:    "?IdentityFile=/k&Port=2"',
        "  at:       modules/galena.ts:4",
        "  fix:      state targetHost: root@192.0.2.7:22 in the stack (pulumi-clan:hosts), where identityFile and proxyJump have their places, too; other options belong in ~/.ssh/config",
      ].join("\n"),
    });
  });

  it("never yields what a command line would take for an option or a shell for syntax", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab1-.:@[]/$`;' \\\n%_") }), (text) => {
        try {
          const { address, user = "root" } = parseTarget(text, "x");
          assert.match(address, /^[A-Za-z0-9_:][A-Za-z0-9._:%-]*$/);
          assert.match(user, /^[A-Za-z_][A-Za-z0-9_.-]*\$?$/);
        } catch (error) {
          assert.ok(error instanceof TargetSyntaxError);
        }
      }),
    );
  });

  it("is shown with brackets where it needs them", () => {
    assert.equal(renderAddress({ address: "2001:db8::7", port: 22 }), "[2001:db8::7]:22");
    assert.equal(renderAddress({ address: "galena", port: 2222 }), "galena:2222");
  });
});

describe("connection spec", () => {
  it("has root, port 22 and no pins unless it is told", () => {
    const spec = connectionSpecSchema.parse({ machine: "galena", address: "galena.zt" });
    assert.deepEqual([spec.user, spec.port, spec.hostKeys, spec.connectDeadlineSeconds], ["root", 22, [], 60]);
  });

  it("says which pin is no key", () => {
    const parsed = connectionSpecSchema.safeParse({
      machine: "g",
      address: "g",
      hostKeys: [{ key: "nonsense", source: "x" }],
    });
    assert.deepEqual(parsed.error?.issues[0]?.path, ["hostKeys", 0, "key"]);
  });
});
