import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "mocha";
import { composeScript } from "../../../deploy/host-script.ts";
import { parseHardware } from "../../../deploy/observation/hardware.ts";
import { localSystem } from "../../../local-nix/evaluation-request.ts";
import { localShell } from "../support/local-shell.ts";
import { patience } from "../support/signals.ts";

const script = new URL("../../../deploy/observation/scripts/hardware.sh", import.meta.url);

async function ask(device: string) {
  await using shell = await localShell();
  const { code, stdout, stderr } = await shell.exec(composeScript("hardware", [script], [device]), {}, patience());
  assert.equal(code, 0, stderr);
  return parseHardware(stdout).data ?? assert.fail(stdout);
}

describe("what a host is", () => {
  it("is told by a script that any host can run", async () => {
    const seen = await ask("/dev/null");
    assert.equal(seen.system, localSystem());
    if (seen.container) return assert.equal(seen.hasRootDevice, null, "the disks of a container are another's");
    assert.equal(seen.firmware === "efi", existsSync("/sys/firmware/efi"));
    assert.equal(seen.hasRootDevice, true);
    assert.equal((await ask("/dev/disk/by-label/none-is-called-so")).hasRootDevice, false);
    assert.equal((await ask("zroot/root")).hasRootDevice, null, "a dataset is no device");
  });

  it("is a platform of Nix, firmware, drivers and releases, each once and the oldest first", () => {
    const text = `arch\tx86_64\nkernel\tLinux\nrelease\t25.05.20250601.abcdef1\nrelease\t24.11.717408.5adaadf
release\t25.05pre-git\nrelease\tmine\nfirmware\tbios\ndriver\tvirtio_scsi\ndriver\tvirtio_scsi\nroot\tno\nend\tyes\n`;
    assert.deepEqual(parseHardware(text).data, {
      system: "x86_64-linux",
      container: false,
      firmware: "bios",
      rootDrivers: ["virtio_scsi"],
      hasRootDevice: false,
      releases: ["24.11", "25.05"],
    });
    assert.equal(parseHardware("arch\tarm64\nkernel\tDarwin\nend\tyes\n").data?.system, "aarch64-darwin");
  });

  it("is refused where the host says nothing of itself, or was cut off: what is missing is no no", () => {
    assert.equal(parseHardware("welcome\n").success, false);
    assert.equal(parseHardware("arch\tx86_64\nkernel\tLinux\ndriver\tvirtio_scsi\n").success, false);
  });
});
