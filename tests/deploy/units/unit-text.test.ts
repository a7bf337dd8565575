import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { compareUnits, parseUnit, unitFlag, unitWords } from "../../../deploy/units/unit-text.ts";

const unit = (...texts: readonly string[]) => parseUnit(texts);
const service = (more = "", unitLines = "") => unit(`[Unit]\n${unitLines}\n[Service]\nExecStart=/bin/web\n${more}`);

describe("the text of a unit", () => {
  it("is read as systemd reads it: drop-ins add to it, an empty value forgets", () => {
    const read = unit(
      "# a comment\n[Service]\nEnvironment = A=1\nEnvironment=B=2\nExecStart=/bin/one \\\n  --all\n[Install]\nWantedBy=x\n",
      "[Service]\nExecStart=\nExecStart=/bin/two\nEnvironment=C=3\n",
    );
    assert.deepEqual([...read.keys()], ["Service"]);
    assert.deepEqual(read.get("Service")?.get("Environment"), ["A=1", "B=2", "C=3"]);
    assert.deepEqual(read.get("Service")?.get("ExecStart"), ["/bin/two"]);
  });

  it("has flags, of which the last one counts, and words", () => {
    const read = unit(
      "[Service]\nX-StopIfChanged=true\nX-StopIfChanged=false\n[Unit]\nWants=a.service b.service\nWants=c.service\n",
    );
    assert.equal(unitFlag(read, "Service", "X-StopIfChanged", true), false);
    assert.equal(unitFlag(read, "Service", "X-RestartIfChanged", true), true);
    assert.deepEqual(unitWords(read, "Unit", "Wants"), ["a.service", "b.service", "c.service"]);
  });

  it("is read from any text without an error", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(compareUnits(parseUnit([text]), parseUnit([text])), "none");
      }),
    );
  });
});

describe("a unit that changes", () => {
  const cases: readonly (readonly [string, ReturnType<typeof unit>, ReturnType<typeof unit>, string])[] = [
    ["is the same in another order of sections", unit("[A]\na=1\n[B]\nb=1"), unit("[B]\nb=1\n[A]\na=1"), "none"],
    [
      "needs nothing for words that a running one does not notice",
      service(),
      service("", "Description=new\nOnFailure=mail@%n.service"),
      "none",
    ],
    ["is restarted for another command", service(), unit("[Unit]\n[Service]\nExecStart=/bin/other"), "restart"],
    ["is restarted for a setting that came, or went", service("User=web"), service(), "restart"],
    ["is restarted for another dependency", service("", "PartOf=a.target"), service("", "PartOf=b.target"), "restart"],
    [
      "is reloaded for a trigger that came or changed",
      service(),
      service("", "X-Reload-Triggers=/nix/store/a"),
      "reload",
    ],
    ["is left for a trigger that went", service("", "X-Reload-Triggers=/nix/store/a"), service(), "none"],
    ["is reloaded for another way to reload", service("ExecReload=/bin/a"), service("ExecReload=/bin/b"), "reload"],
    ["is left for a way to reload that went", service("ExecReload=/bin/a"), service(), "none"],
    ["is restarted where a reload would not be enough", service(), service("ExecReload=/bin/b\nUser=web"), "restart"],
    ["is mounted anew in place for other options", unit("[Mount]\nOptions=ro"), unit("[Mount]\nOptions=rw"), "reload"],
    ["is mounted again for another device", unit("[Mount]\nWhat=/dev/a"), unit("[Mount]\nWhat=/dev/b"), "restart"],
  ];
  for (const [name, before, after, difference] of cases)
    it(name, () => assert.equal(compareUnits(before, after), difference));
});
