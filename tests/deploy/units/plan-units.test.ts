import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { HostUnit, HostUnits } from "../../../deploy/units/host-units.ts";
import { planUnits } from "../../../deploy/units/plan-units.ts";
import type { UnitFile, UnitFolder } from "../../../deploy/units/unit-folder.ts";
import { parseUnit, unitWords } from "../../../deploy/units/unit-text.ts";

type Texts = Readonly<Record<string, string>>;
const target = "[Unit]\nDescription=all of it\n";
const service = (text: string, more = "") => `[Unit]\n${more}\n[Service]\nExecStart=/bin/${text}\n`;
const flagged = (text: string, flag: string) => `${service(text)}${flag}\n`;

/** The new system's units, and what its one target wants. Null: masked. */
function folder(units: Readonly<Record<string, string | null>>, wants: readonly string[] = []): UnitFolder {
  const files = Object.entries({ "multi-user.target": target, ...units }).map(([name, text]): [string, UnitFile] => [
    name,
    text === null ? { kind: "masked" } : { kind: "file", id: text, text: parseUnit([text]) },
  ]);
  const lines = files.map(
    ([name, file]) => [name, file.kind === "file" ? unitWords(file.text, "Unit", "Wants") : []] as const,
  );
  const pulls = new Map([...lines, ["multi-user.target", wants] as const]);
  return { units: new Map(files), pulls, others: { fstab: null, userUnits: null } };
}

/** A host on which these run, each with the text that it has now. */
function host(running: Texts, more: Readonly<Record<string, Partial<HostUnit>>> = {}): HostUnits {
  const texts = { "multi-user.target": target, ...running };
  const unit = { state: "active", isOwn: true, unmet: false, stopsWith: [] };
  return {
    loaded: new Map(
      [...new Set([...Object.keys(texts), ...Object.keys(more)])].map((name) => [name, { ...unit, ...more[name] }]),
    ),
    files: new Map(Object.entries(texts).map(([name, text]) => [name, { id: text, text: parseUnit([text]) }])),
    others: { fstab: null, userUnits: null },
  };
}

const none = { stop: [], start: [], restart: [], reload: [], keep: [], unsure: [] };
const inactive = { state: "inactive" };

describe("what a switch does to units", () => {
  it("is nothing where nothing changes", () => {
    assert.deepEqual(
      planUnits(host({ "web.service": "[Service]" }), folder({ "web.service": "[Service]" }, ["web.service"])),
      none,
    );
  });

  it("stops what is gone or masked, unless it outlives its removal", () => {
    const running = host({
      "a.service": "[Service]",
      "b.service": "[Service]",
      "c.service": "[Unit]\nX-StopOnRemoval=false",
    });
    assert.deepEqual(planUnits(running, folder({ "b.service": null })), { ...none, stop: ["a.service", "b.service"] });
  });

  it("starts what an active target wants, through any chain, and what it stopped", () => {
    const wanted = folder(
      { "new.service": "[Unit]\nWants=deep.service", "deep.service": "[Service]", "old.service": service("b") },
      ["new.service", "old.service"],
    );
    assert.deepEqual(planUnits(host({ "old.service": service("a") }), wanted), {
      ...none,
      start: ["deep.service", "new.service"],
      restart: ["old.service"],
    });
  });

  it("starts nothing for a target that must not be started, or is not active", () => {
    const wanted = folder({ "multi-user.target": "[Unit]\nRefuseManualStart=true", "new.service": "[Service]" }, [
      "new.service",
    ]);
    assert.deepEqual(planUnits(host({}), wanted), none);
    const asleep = host({}, { "multi-user.target": inactive });
    assert.deepEqual(planUnits(asleep, folder({ "new.service": "[Service]" }, ["new.service"])), none);
  });

  it("restarts, reloads or leaves what changes, as the new unit says", () => {
    const names = ["plain", "late", "reloads", "stays", "refuses", "manual"].map((name) => `${name}.service`);
    const before = Object.fromEntries(names.map((name) => [name, service("a")]));
    const after = {
      "plain.service": service("b"),
      "late.service": flagged("b", "X-StopIfChanged=false"),
      "reloads.service": flagged("b", "X-ReloadIfChanged=true"),
      "stays.service": flagged("b", "X-RestartIfChanged=false"),
      "refuses.service": service("b", "RefuseManualStop=true"),
      "manual.service": service("b", "X-OnlyManualStart=true"),
    };
    assert.deepEqual(planUnits(host(before), folder(after, names)), {
      ...none,
      restart: ["late.service", "plain.service"],
      reload: ["reloads.service"],
      keep: ["manual.service", "refuses.service", "stays.service"],
    });
  });

  it("stops a service with its socket, which starts it again when it is called", () => {
    const wanted = folder({ "echo.service": service("b"), "echo.socket": "[Socket]" });
    const running = host({ "echo.service": service("a"), "echo.socket": "[Socket]" });
    assert.deepEqual(planUnits(running, wanted), { ...none, stop: ["echo.service"], restart: ["echo.socket"] });
    const stubborn = folder({
      "echo.service": `${service("b")}X-NotSocketActivated=true\n`,
      "echo.socket": "[Socket]",
    });
    assert.deepEqual(planUnits(running, stubborn), { ...none, restart: ["echo.service", "echo.socket"] });
  });

  it("leaves paths, slices, sockets and targets to the daemon's reload, and mounts what it may", () => {
    const before = {
      "a.path": "[Path]\na=1",
      "a.slice": "[Slice]\na=1",
      "a.socket": "[Socket]\na=1",
      "data.mount": "[Mount]\nWhat=a",
      "nix.mount": "[Mount]\nWhat=a",
    };
    const after = Object.fromEntries(Object.entries(before).map(([name, text]) => [name, `${text}b`]));
    assert.deepEqual(planUnits(host(before), folder(after)), {
      ...none,
      restart: ["data.mount"],
      reload: ["nix.mount"],
    });
  });

  it("takes along what systemd stops with a unit, and starts it again where something wants it", () => {
    const texts = { "app.service": "[Service]", "loose.service": "[Service]" };
    const running = host(
      { "db.service": service("a"), ...texts },
      { "db.service": { stopsWith: ["app.service", "loose.service", "idle.service"] }, "idle.service": inactive },
    );
    const wanted = folder({ "db.service": service("b"), ...texts }, ["db.service", "app.service"]);
    assert.deepEqual(planUnits(running, wanted), {
      ...none,
      restart: ["app.service", "db.service"],
      stop: ["loose.service"],
    });
  });

  it("does not touch what is not the system's own, nor what is not running", () => {
    const running = host(
      { "run.service": service("a"), "dead.service": service("a") },
      { "run.service": { isOwn: false }, "dead.service": inactive },
    );
    assert.deepEqual(planUnits(running, folder({ "dead.service": service("b") })), none);
  });

  it("judges an instance by its template", () => {
    const running = host({ "tenant@a.service": service("a") });
    assert.deepEqual(planUnits(running, folder({ "tenant@.service": service("b") })), {
      ...none,
      restart: ["tenant@a.service"],
    });
  });

  it("does not promise what conditions decide, nor what it cannot tell", () => {
    const conditional = "[Unit]\nConditionPathExists=/nowhere\n";
    const wanted = folder({ "new.service": conditional, "tried.service": conditional }, [
      "new.service",
      "tried.service",
    ]);
    const tried = host({}, { "tried.service": { state: "inactive", unmet: true } });
    assert.deepEqual(planUnits(tried, wanted), { ...none, unsure: ["new.service starts where its conditions hold"] });
    const mounts = { ...folder({}), others: { fstab: "/nix/store/b-fstab", userUnits: "/nix/store/b-units" } };
    assert.deepEqual(planUnits(host({}), mounts).unsure, [
      "/etc/fstab changes: mounts come, go or are made again",
      "units of users' sessions change",
    ]);
  });
});
