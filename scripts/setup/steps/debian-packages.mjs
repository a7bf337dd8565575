import { existsSync } from "node:fs";
import { findOnPath, rootPrefix, SetupError } from "../context.mjs";
import { notSimulating } from "../platform.mjs";
import { run } from "../run.mjs";

/** What simulated hosts need of the operator's system: program (or file) and its Debian package. */
const needed = [
  ["debootstrap", "debootstrap"],
  ["/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring"],
  ["systemd-nspawn", "systemd-container"],
  ["ip", "iproute2"],
  ["ssh", "openssh-client"],
  ["unshare", "util-linux"],
];

const missing = () =>
  needed.flatMap(([what = "", debianPackage = ""]) => {
    const there = what.startsWith("/") ? existsSync(what) : findOnPath(what) !== undefined;
    return there ? [] : [debianPackage];
  });

/** @type {import("../step.mjs").Step} */
export const debianPackages = {
  title: "tools for simulated hosts",
  skip: notSimulating,
  check() {
    const names = missing();
    return names.length === 0
      ? { there: true, what: needed.map(([, name]) => name).join(", ") }
      : { there: false, what: `Debian packages ${names.join(", ")}` };
  },
  prerequisites() {
    const fix = `apt-get install --no-install-recommends ${missing().join(" ")}`;
    const why = "simulated hosts are systemd-nspawn containers of a Debian root";
    if (findOnPath("apt-get") === undefined)
      return [new SetupError(`${missing().join(", ")} missing`, why, "install them with the system's package manager")];
    if (rootPrefix() === undefined)
      return [new SetupError(`${missing().join(", ")} missing`, why, `they come with: sudo ${fix}`)];
    return [];
  },
  doing: "apt-get install",
  async make() {
    const asRoot = [...(rootPrefix() ?? []), "env", "DEBIAN_FRONTEND=noninteractive"];
    await run([...asRoot, "apt-get", "update"], { log: "debian-packages", deadlineSeconds: 300 });
    await run([...asRoot, "apt-get", "install", "-y", "--no-install-recommends", ...missing()], {
      log: "debian-packages",
      append: true,
      deadlineSeconds: 900,
    });
  },
};
