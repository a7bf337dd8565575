import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { causeOf, firstCause } from "../../../deploy/activation/first-cause.ts";
import { causesOf, parseJournal } from "../../../deploy/activation/read-journal.ts";

/** As the tools print; ours, after what was seen. */
const logs = {
  snippet: `activating the configuration...
setting up /etc...
chown: invalid user: 'postgres'
Activation script snippet 'createDatabase' failed (1)
reloading user units for cameron...
restarting the following units: nginx.service
warning: the following units failed: nginx.service
`,
  silentSnippet: `activating the configuration...
Activation script snippet 'users' failed (1)
starting the following units: nginx.service
`,
  preSwitch: `the running system uses dbus, the new one dbus-broker
Pre-switch check 'switchInhibitors' failed
Pre-switch checks failed
`,
  loader: `updating GRUB 2 menu...
cp: error writing '/boot/kernels/x': No space left on device
Failed to install bootloader
`,
  anyhow: `activating the configuration...
Error: Failed to reload the systemd daemon

Caused by:
    0: D-Bus call failed
    1: Connection timed out
stopping the following units: a.service
`,
  darwin: `checking for SSL certs...
error: Unexpected files in /etc, aborting activation
The following files have unrecognized content and would be
overwritten:

  /etc/nix/nix.conf
  /etc/zshrc

Please check there is nothing critical in these files, rename them
by adding .before-nix-darwin to the end, and then try again.
`,
} as const;

const collision =
  "Existing file '/home/cameron/.config/git/config' is in the way of '/nix/store/x-home-manager-files/.config/git/config'";
const homeJournal = [
  "Starting Home Manager environment for cameron...",
  "Starting Home Manager activation",
  "Activating checkFilesChanged",
  "Activating checkLinkTargets",
  collision,
  ...Array.from({ length: 6 }, (_, line) => `Please do one of the following: advice ${line}`),
  "home-manager-cameron.service: Main process exited, code=exited, status=1/FAILURE",
  "home-manager-cameron.service: Failed with result 'exit-code'.",
  "Failed to start Home Manager environment for cameron.",
];

describe("the first cause in a log", () => {
  it("is what a failed snippet of the activation script printed, not the units that failed after it", () => {
    assert.equal(
      firstCause(logs.snippet),
      "Activation script snippet 'createDatabase' failed (1): chown: invalid user: 'postgres'",
    );
    assert.equal(firstCause(logs.silentSnippet), "Activation script snippet 'users' failed (1)");
  });

  it("is what a check, or a loader's builder, had against it", () => {
    assert.equal(
      firstCause(logs.preSwitch),
      "Pre-switch check 'switchInhibitors' failed: the running system uses dbus, the new one dbus-broker",
    );
    assert.equal(
      firstCause(logs.loader),
      "Failed to install bootloader: cp: error writing '/boot/kernels/x': No space left on device",
    );
  });

  it("is an error with its root, where they are listed", () => {
    assert.equal(firstCause(logs.anyhow), "Error: Failed to reload the systemd daemon: Connection timed out");
    assert.equal(firstCause("fatal: no such ref\nbye\n"), "fatal: no such ref");
    assert.equal(
      firstCause("thread 'main' panicked at src/main.rs:3:\nfailed printing to stdout: Broken pipe\n"),
      "thread 'main' panicked at src/main.rs:3: failed printing to stdout: Broken pipe",
    );
  });

  it("names the files in nix-darwin's way, and not its advice", () => {
    assert.equal(
      firstCause(logs.darwin),
      "error: Unexpected files in /etc, aborting activation: /etc/nix/nix.conf, /etc/zshrc",
    );
  });

  it("is the file in home-manager's way, in its journal and in what systemctl prints of it", () => {
    const text = homeJournal.map((line) => `home-manager-cameron.service\t${line}`).join("\n");
    const units = parseJournal(["home-manager-cameron.service"], text);
    assert.deepEqual(units[0]?.journal, [collision, ...homeJournal.slice(-9)]);
    assert.deepEqual(causesOf(units), [`home-manager-cameron.service: ${collision}`]);
    assert.equal(firstCause(`     Nov 23 16:00:01 galena hm-activate-cameron[812]: ${collision}\n`), collision);
  });

  it("is the last line where nothing says more", () => {
    assert.equal(causeOf("stopping a.service\nlost bus\n"), "lost bus");
    assert.deepEqual(causesOf([{ unit: "a.service", journal: ["no database"] }]), []);
    fc.assert(fc.property(fc.string({ unit: "binary" }), (log) => assert.ok(causeOf(log).length <= 500)));
  });
});
