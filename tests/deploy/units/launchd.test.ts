import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "mocha";
import {
  type HostLaunchd,
  launchdScript,
  type PropertyLists,
  parseHostLaunchd,
  planLaunchd,
  readPropertyLists,
} from "../../../deploy/units/launchd.ts";

type Jobs = Readonly<Record<string, string | null>>;

const lists = (daemons: Jobs, agents: Jobs = {}, userAgents: Jobs = {}): PropertyLists => ({
  LaunchDaemons: new Map(Object.entries(daemons)),
  LaunchAgents: new Map(Object.entries(agents)),
  UserAgents: new Map(Object.entries(userAgents)),
});
const host = (now: PropertyLists, former: PropertyLists = now): HostLaunchd => ({ now, former });
const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

async function withFiles(
  files: Readonly<Record<string, string>>,
  act: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "launchd-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await act(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("what launchd is told at an activation", () => {
  it("is to load what is new, to load anew what lies there otherwise, and to unload what the system has no more", () => {
    const before = lists({ same: "1", changed: "1", gone: "1" });
    assert.deepEqual(planLaunchd(host(before), lists({ changed: "2", same: "1", fresh: "1" })), {
      stop: ["gone"],
      start: ["fresh"],
      restart: ["changed"],
      reload: [],
      keep: [],
      unsure: [],
    });
  });

  it("goes by what lies in /Library, not by what the running system put there", () => {
    const former = lists({ edited: "1", taken: "1", gone: "1" });
    const now = lists({ edited: "by hand", another: "1" });
    const { stop, start, restart } = planLaunchd(host(now, former), lists({ edited: "1", taken: "1" }));
    assert.deepEqual({ stop, start, restart }, { stop: [], start: ["taken"], restart: ["edited"] });
  });

  it("leaves agents to those who are logged in, and what cannot be read unknown", () => {
    const before = lists({ hidden: null }, { old: "1", both: "1" }, { mine: "1" });
    assert.deepEqual(planLaunchd(host(before), lists({ hidden: "1" }, { both: "2" }, { mine: "2", more: "1" })), {
      stop: [],
      start: [],
      restart: [],
      reload: [],
      keep: [],
      unsure: [
        "hidden cannot be read: whether it changes is not known",
        "agents of all users, loaded anew: both",
        "agents of all users, unloaded: old",
        "agents of the primary user, loaded: more",
        "agents of the primary user, loaded anew: mine",
      ],
    });
  });
});

describe("a Mac's property lists", () => {
  it("are told by a host, all that can be read with their digests; an empty folder holds none", async () => {
    await withFiles(
      {
        "Library/LaunchDaemons/org.nixos.beacon.plist": "beacon",
        "Library/LaunchDaemons/with blank.plist": "blank",
        "Library/LaunchAgents/read.me": "",
        "run/current-system/Library/LaunchDaemons/org.nixos.beacon.plist": "earlier",
        "run/current-system/user/Library/LaunchAgents/org.nixos.mine.plist": "mine",
      },
      async (root) => {
        await symlink("/nowhere", join(root, "Library/LaunchDaemons/app.removed.plist")); // the first of its folder
        const { text, args = [] } = launchdScript(root);
        const { stdout } = await promisify(execFile)("/bin/sh", ["-c", text, "sh", ...args]);
        assert.deepEqual(parseHostLaunchd(stdout), {
          now: lists({ "app.removed": null, "org.nixos.beacon": digestOf("beacon"), "with blank": digestOf("blank") }),
          former: lists({ "org.nixos.beacon": digestOf("earlier") }, {}, { "org.nixos.mine": digestOf("mine") }),
        });
      },
    );
  });

  it("are read from a system: what is no list is none, and a folder may lack", async () => {
    await withFiles(
      {
        "Library/LaunchDaemons/org.nixos.beacon.plist": "beacon",
        "Library/LaunchDaemons/org.nixos.beacon.words": "beacon",
        "user/Library/LaunchAgents/org.nixos.mine.plist": "mine",
      },
      async (system) => {
        const mine = { "org.nixos.mine": digestOf("mine") };
        const wanted = lists({ "org.nixos.beacon": digestOf("beacon") }, {}, mine);
        assert.deepEqual(await readPropertyLists(system), wanted);
      },
    );
  });

  it("are taken from a host's words, a cut answer for none", () => {
    const digest = digestOf("x");
    const text = [
      `now\tLaunchDaemons\torg.nixos.beacon.plist\t${digest}`,
      "now\tLaunchDaemons\tcom.example.secret.plist\t",
      `now\tElsewhere\tx.plist\t${digest}`,
      `former\tUserAgents\torg.nixos.mine.plist\t${digest}`,
      "launchd-end",
      "",
    ].join("\n");
    const { now, former } = parseHostLaunchd(text) ?? assert.fail();
    assert.deepEqual(now, lists({ "org.nixos.beacon": digest, "com.example.secret": null }));
    assert.deepEqual(former, lists({}, {}, { "org.nixos.mine": digest }));
    assert.equal(parseHostLaunchd(text.slice(0, -"launchd-end\n".length)), undefined);
  });
});
