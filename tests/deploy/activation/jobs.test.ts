import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { scriptText } from "../../../deploy/activation/scripts.ts";

const script = new URL("../../../deploy/activation/scripts/jobs.sh", import.meta.url);

/** What the script says of a job's folder with these files. */
async function stateOf(files: Readonly<Record<string, string>>, before = ""): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), "state-"));
  try {
    await mkdir(join(state, "jobs/one"), { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(state, "jobs/one", name), text);
    const input = `state=${state}\n${before}\n${await readFile(script, "utf8")}\njob_state one\n`;
    return spawnSync("/bin/sh", ["-s"], { input, encoding: "utf8" }).stdout;
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

/** Starts jobs one after the other: `started` or `there`, the exit code; and the folders that are left. */
async function startAll(ids: readonly string[], runner: string) {
  const folder = await mkdtemp(join(tmpdir(), "state-"));
  try {
    // In place of systemd-run, which answers long before the unit writes its pid.
    await writeFile(join(folder, "systemd-run"), `#!/bin/sh\n${runner}\n`, { mode: 0o755 });
    const text = scriptText("start-job")
      .replaceAll("/nix/var/pulumi-clan", folder)
      .replace(/^PATH=".*"$/m, `PATH="${folder}:$PATH"`);
    const definitions = "supervisor_text() { echo; }\njob_env() { echo; }\ncommitting_json() { echo; }\ntoken=''\n";
    const input = `${definitions}${text}\n`;
    const answers = ids.map((id) => {
      const args = ["-s", "--", "{}", id, "unit", "9", "9", "", "hash"];
      const { stdout, status } = spawnSync("/bin/sh", args, { input, encoding: "utf8" });
      return `${stdout.trim()} ${status}`;
    });
    return { answers, left: (await readdir(join(folder, "jobs"))).sort() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Second of a clock that goes by threes at which a supervisor stops waiting 10 s for an order, and what lies there then.
 * @param events - shell that runs at every step of the clock, and as `ln` has been called.
 */
async function waitsUntil(events: { readonly step?: string; readonly linked?: string }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "job-"));
  try {
    await writeFile(join(folder, "token"), "first\n");
    const text = scriptText("supervisor");
    const functions = text.slice(0, text.lastIndexOf("\n{\n"));
    const stand = `time=0; clock() { now=$time; }; folder=${folder}
      sleep() { time=$((time + 3)); ${events.step ?? ":"}; }
      ln() { command ln "$@" || return 1; ${events.linked ?? ":"}; }`;
    const input = `${functions}\n${stand}\nawait_order 10\necho "$time $(cat "$folder/order")"\n`;
    return spawnSync("/bin/sh", ["-s"], { input, encoding: "utf8" }).stdout.trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a job with these files answers to who takes it over. */
async function taken(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "state-"));
  try {
    await mkdir(join(folder, "jobs/one"), { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, "jobs/one", name), text);
    const text = scriptText("order").replaceAll("/nix/var/pulumi-clan", folder);
    const args = ["-s", "--", "one", "take", ""];
    return spawnSync("/bin/sh", args, { input: `token=mine\n${text}\n`, encoding: "utf8" }).stdout.trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe("a job on a host", () => {
  it("waits for an order as long for who takes it over as for who began it", async () => {
    const take = 'echo second >"$folder/token"';
    assert.equal(await waitsUntil({}), "12 expired -");
    assert.equal(await waitsUntil({ step: `if [ "$time" = 9 ]; then ${take}; fi` }), "21 expired -");
    assert.equal(await waitsUntil({ linked: take }), "27 expired -", "at the very moment of its end");
    assert.equal(await waitsUntil({ step: 'echo "acknowledge first " >"$folder/order"' }), "3 acknowledge first");
  });

  it("tells who takes it over that it is too late once it goes back or has ended", async () => {
    assert.equal(await taken({}), "given");
    assert.equal(await taken({ order: "acknowledge theirs \n", events: '{"at":1,"state":"committing"}\n' }), "given");
    assert.equal(await taken({ order: "expired -\n" }), "late");
    assert.equal(
      await taken({ events: '{"at":1,"state":"rolling-back","why":"the supervisor was killed"}\n' }),
      "late",
    );
    assert.equal(await taken({ status: "10\n" }), "late");
  });

  it("is started once, also when the second call comes before it has written its pid", async () => {
    const twice = ["00000000000000bb-test-1", "00000000000000bb-test-1"];
    assert.deepEqual((await startAll(twice, "exit 0")).answers, ["started 0", "there 0"]);
    const { answers } = await startAll(twice, "exit 1");
    assert.deepEqual(answers, [" 1", " 1"], "what could not be started may be tried again");
  });

  it("starts, is done with a code, or is lost", async () => {
    assert.equal(await stateOf({}), "starting");
    assert.equal(await stateOf({ pid: "999999999\n" }), "lost");
    assert.equal(await stateOf({ pid: "1\n", status: "4\n" }), "done 4");
  });

  it("takes the place of earlier attempts at the same, and of all other transactions' jobs", async () => {
    const [test, other] = ["00000000000000bb-test-1", "00000000000000cc-test-1"];
    const commits = [1, 2, 10, 11].map((attempt) => `00000000000000bb-commit-${attempt}`);
    assert.deepEqual((await startAll([other, test, ...commits], "exit 0")).left, [commits.at(-1), test]);
  });

  it("runs also where only ps can say so, which cuts lines that nobody asked for whole", async () => {
    const job = "00000000000000bb-test-1";
    const line = `/bin/sh /nix/var/pulumi-clan/supervisor-${"0".repeat(64)}.sh run /nix/var/pulumi-clan/jobs/${job}`;
    const ps = `ps() { case "$*" in *-ww*) echo "${line}" ;; *) echo "${line.slice(0, 79)}" ;; esac; }`;
    const text = (await readFile(script, "utf8")).replaceAll("/proc/", "/nowhere/");
    const input = `${ps}\n${text}\nis_alive $$ ${job} && echo alive`;
    assert.equal(spawnSync("/bin/sh", ["-s"], { input, encoding: "utf8" }).stdout, "alive\n");
  });

  it("is starting for as long as systemd has it before it, and lost a minute after who began died", async () => {
    const begunLongAgo = "touch -d '5 minutes ago' $state/jobs/one";
    const queued = "systemctl() { echo ActiveState=inactive; echo Job=4711; }";
    const unknown = "systemctl() { echo ActiveState=inactive; }";
    assert.equal(await stateOf({}, `${begunLongAgo}; ${queued}`), "starting");
    assert.equal(await stateOf({}, `${begunLongAgo}; ${unknown}`), "lost");
    assert.equal(await stateOf({}, unknown), "starting");
  });

  it("is lost when the power failed before its code was on the disk", async () => {
    for (const status of ["", "\n", "no code\n", "99999\n"])
      assert.equal(await stateOf({ pid: "1\n", status }), "lost");
  });
});
