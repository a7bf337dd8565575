import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type DeclaredSystem, reasonAgainst } from "../../../deploy/activation/check-declared.ts";
import { declared, hostFacts, wanted } from "../support/facts.ts";

const pushed: DeclaredSystem = {
  present: true,
  system: "x86_64-linux",
  marker: "nixos",
  bootable: true,
  bootOnly: [],
  rebootFor: [],
  loader: {},
  bootNeedKib: 30_000,
};
const against = (changes: Partial<DeclaredSystem>, more: { readonly install?: boolean; readonly mode?: "test" } = {}) =>
  reasonAgainst(
    { ...pushed, ...changes },
    hostFacts(),
    { ...wanted, ...(more.mode === undefined ? {} : { mode: more.mode }) },
    { installBootloader: more.install === true },
  );

describe("a pushed system", () => {
  it("is fine where class, platform, loader and room fit", () => {
    assert.equal(against({}), undefined);
    assert.equal(against({ loader: { declared: "grub", present: "grub" } }), undefined);
  });

  it("must be there, of the declared class and platform", () => {
    assert.equal(against({ present: false }), `${declared} is not on the host after the push`);
    assert.equal(against({ marker: undefined }), `${declared} is no system, declared is nixos`);
    assert.equal(against({ marker: "darwin" }), `${declared} is a darwin system, declared is nixos`);
    assert.match(against({ system: "aarch64-linux" }) ?? "", /is built for aarch64-linux, the host is x86_64-linux$/);
  });

  it("needs room in /boot for kernel and initrd", () => {
    assert.equal(against({ bootNeedKib: 60_001 }), "/boot has 60000 KiB free, kernel and initrd take 60001 KiB");
    assert.equal(against({ bootNeedKib: 60_001, bootable: false }), undefined, "a container has no /boot");
  });

  it("keeps to the host's loader, unless its own shall be installed, or it is only tested", () => {
    const loader = { declared: "systemd-boot", present: "grub" } as const;
    assert.match(against({ loader }) ?? "", /boots by systemd-boot, this host by grub: set installBootloader /);
    assert.equal(against({ loader }, { install: true }), undefined);
    assert.equal(against({ loader }, { mode: "test" }), undefined);
    assert.equal(against({ loader: { declared: "grub" } }), undefined, "nobody knows what is there");
  });
});
