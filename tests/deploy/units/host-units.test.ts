import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { parseHostUnits } from "../../../deploy/units/host-units.ts";
import { readUnitFolder } from "../../../deploy/units/unit-folder.ts";

describe("a host's units", () => {
  const said = [
    "unit\tweb.service\tactive\town\tmet\tapp.service other.service",
    "unit\tonce.service\tinactive\town\tunmet\t",
    "unit\t../../etc\tactive\town\tmet\t",
    "files\tweb.service\t/nix/store/a/web.service /nix/store/b/overrides.conf",
    "text\t/nix/store/a/web.service\t[Service]",
    "text\t/nix/store/a/web.service\tExecStart=/bin/web\twith a tab",
    "text\t/nix/store/b/overrides.conf\t[Service]",
    "text\t/nix/store/b/overrides.conf\tUser=web",
    "link\tfstab\t/nix/store/c-etc-fstab",
    "units-end",
    "",
  ].join("\n");

  it("are read with what the running ones say, and whom they take along", () => {
    const units = parseHostUnits(said);
    assert.deepEqual(
      [...(units?.loaded ?? [])],
      [
        ["web.service", { state: "active", isOwn: true, unmet: false, stopsWith: ["app.service", "other.service"] }],
        ["once.service", { state: "inactive", isOwn: true, unmet: true, stopsWith: [] }],
      ],
    );
    const web = units?.files.get("web.service");
    assert.equal(web?.id, "/nix/store/a/web.service /nix/store/b/overrides.conf");
    assert.deepEqual(
      [...(web?.text.get("Service") ?? [])],
      [
        ["ExecStart", ["/bin/web\twith a tab"]],
        ["User", ["web"]],
      ],
    );
    assert.deepEqual(units?.others, { fstab: "/nix/store/c-etc-fstab", userUnits: null });
  });

  it("have no fstab of a system where a plain file lies: no switch takes it away", () => {
    const links = "link\tfstab\t/etc/fstab\nlink\tuserUnits\t/nix/store/d-user-units";
    const units = parseHostUnits(said.replace("link\tfstab\t/nix/store/c-etc-fstab", links));
    assert.deepEqual(units?.others, { fstab: null, userUnits: "/nix/store/d-user-units" });
  });

  it("are not known where the answer was cut, or there is no systemd", () => {
    assert.equal(parseHostUnits(said.replace("units-end\n", "")), undefined);
    assert.equal(parseHostUnits("units-end\n"), undefined);
  });
});

describe("the units of a system in the store", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "unit-folder-"));
    const folder = join(root, "etc/systemd/system");
    for (const name of ["", "web.service.d", "tenant@a.service.d", "multi-user.target.wants"])
      await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, "web.service"), "[Unit]\nRequires=db.service\n[Service]\nExecStart=/bin/web\n");
    await writeFile(join(folder, "web.service.d/overrides.conf"), "[Service]\nUser=web\n");
    await writeFile(join(folder, "tenant@.service"), "[Service]\nExecStart=/bin/tenant\n");
    await writeFile(join(folder, "tenant@a.service.d/a.conf"), "[Service]\nUser=a\n");
    await symlink("/dev/null", join(folder, "masked.service"));
    await symlink("/nowhere/at/all", join(folder, "dangling.service"));
    await symlink("../web.service", join(folder, "multi-user.target.wants/web.service"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("are files with their drop-ins, an instance's on its template's, masked ones, and what each pulls in", async () => {
    const { units, pulls, others } = await readUnitFolder(root);
    const textOf = (name: string) => {
      const file = units.get(name);
      return file?.kind === "file" ? Object.fromEntries(file.text.get("Service") ?? []) : file?.kind;
    };
    assert.deepEqual([...units.keys()].sort(), [
      "masked.service",
      "tenant@.service",
      "tenant@a.service",
      "web.service",
    ]);
    assert.deepEqual(textOf("web.service"), { ExecStart: ["/bin/web"], User: ["web"] });
    assert.deepEqual(textOf("tenant@a.service"), { ExecStart: ["/bin/tenant"], User: ["a"] });
    assert.equal(textOf("masked.service"), "masked");
    assert.deepEqual([pulls.get("multi-user.target"), pulls.get("web.service")], [["web.service"], ["db.service"]]);
    assert.deepEqual(others, { fstab: null, userUnits: null });
  });

  it("are none where the system has none", async () => {
    const { units } = await readUnitFolder(join(root, "nowhere"));
    assert.equal(units.size, 0);
  });
});
