import { openTransaction } from "../../deploy/activation/plan-activation.ts";
import type { HostFacts } from "../../deploy/host-facts.ts";
import type { Readiness } from "../../deploy/observation/readiness.ts";
import { renderStorePath } from "../../local-nix/store-path.ts";
import { broken, type Diagnosis, doubtful, fine, renderSpace } from "./diagnosis.ts";

/** What the machine shall be. */
export interface Expected {
  readonly machine: string;
  readonly class: "nixos" | "darwin";
}

/** A system and its predecessor fit, with what they share; less fills up while a closure is copied. */
const scarceNixKib = 4 * 1024 * 1024;
const noNixKib = 512 * 1024;
/** A kernel and an initrd. Source: sizes of NixOS 25.05's, 60 to 100 MB together. */
const scarceBootKib = 128 * 1024;
/** Certificates and Kerberos tickets are refused beyond minutes; a clock that is kept by NTP is within a second. */
const skewSeconds = 30;

/** Everything that a deployment needs of a host that answered, in the order in which it needs it. */
export function judgeHost(readiness: Readiness, expected: Expected): readonly Diagnosis[] {
  const { facts, tools, clockAheadSeconds } = readiness;
  return [
    judgeClass(facts, expected),
    judgeRoot(tools),
    judgeNix(tools, expected),
    ...(tools.root ? [] : judgeTrust(tools)),
    judgeZstd(tools),
    ...judgeSpace(facts),
    ...(expected.class === "nixos" ? [...judgeBoot(facts)] : []),
    judgeClock(clockAheadSeconds),
    ...judgeState(facts, expected),
  ];
}

function judgeClass({ class: found }: HostFacts, { machine, class: expected }: Expected): Diagnosis {
  if (found === expected) return fine("class", found);
  const install = `install it (docs/installation.md), or correct its address: it is not ${machine}`;
  return broken("class", found === "other" ? "neither NixOS nor nix-darwin" : `${found}, not ${expected}`, install);
}

/** A wrong password for sudo has ended the look already. */
function judgeRoot({ login, root }: Readiness["tools"]): Diagnosis {
  if (root) return fine("root", login === "root" ? "logged in as root" : `${login}, by sudo`);
  return broken(
    "root",
    `${login}, and sudo wants a password`,
    "security.sudo.wheelNeedsPassword = false; or pulumi config set --secret pulumi-clan:sudoPassword; or log in as root",
  );
}

function judgeNix({ nix }: Readiness["tools"], { class: expected }: Expected): Diagnosis {
  if (nix !== null) return fine("nix", nix);
  const fix = expected === "darwin" ? "install Nix and nix-darwin first" : "is /nix mounted? Log in and look";
  return broken("nix", "no nix-store in its usual places", fix);
}

function judgeTrust({ login, trusted }: Readiness["tools"]): readonly Diagnosis[] {
  if (trusted === null) return [];
  if (trusted) return [fine("trust", `Nix takes unsigned paths of ${login}`)];
  const fix = `nix.settings.trusted-users = [ "${login}" ]; (as good as root), or sign what is pushed (docs/push.md)`;
  return [doubtful("trust", `Nix takes only signed paths of ${login}`, fix)];
}

function judgeZstd({ zstd }: Readiness["tools"]): Diagnosis {
  if (zstd) return fine("zstd", "there");
  return doubtful("zstd", "not there: nothing is compressed on the way", "environment.systemPackages = [ pkgs.zstd ];");
}

function judgeSpace({ freeKib: { nix } }: HostFacts): readonly Diagnosis[] {
  if (nix === null) return [];
  const found = `${renderSpace(nix)} free for /nix`;
  const fix = "nix-collect-garbage --delete-older-than 14d, on the host";
  if (nix < noNixKib) return [broken("space", found, fix)];
  return [nix < scarceNixKib ? doubtful("space", found, fix) : fine("space", found)];
}

function judgeBoot({ bootable, boot, freeKib }: HostFacts): readonly Diagnosis[] {
  if (!bootable) return [fine("boot", "a container: the boot is another's")];
  if (!boot.mounted) return [broken("boot", "/boot stands in fstab and is not mounted", "mount /boot, on the host")];
  const room = freeKib.boot === null ? "" : `, ${renderSpace(freeKib.boot)} free`;
  // GRUB's entries have no names: of them it is known what they start.
  const starts =
    boot.toplevel === null ? "no default entry that can be read" : `starts ${renderStorePath(boot.toplevel)}`;
  const found = `${boot.kind}, ${boot.entry ?? starts}${room}`;
  if (!boot.filesPresent)
    return [broken("boot", `${found}: its kernel or initrd is missing`, "deploy again before the next reboot")];
  if (boot.trialLeft)
    return [doubtful("boot", `${found}; a trial boot was not cleared up`, "the next deployment does")];
  if (freeKib.boot !== null && freeKib.boot < scarceBootKib)
    return [doubtful("boot", found, "boot.loader.systemd-boot.configurationLimit = 5; (or GRUB's), then deploy")];
  return [fine("boot", found)];
}

function judgeClock(ahead: number): Diagnosis {
  if (Math.abs(ahead) <= skewSeconds) return fine("clock", ahead === 0 ? "as here" : `${Math.abs(ahead)} s off`);
  const found = `${Math.abs(ahead)} s ${ahead > 0 ? "ahead of" : "behind"} this machine`;
  return doubtful(
    "clock",
    found,
    "services.timesyncd.enable = true; and look whether this machine's own clock is right",
  );
}

function judgeState(facts: HostFacts, { machine }: Expected): readonly Diagnosis[] {
  const open = openTransaction(facts);
  const found: Diagnosis[] = [];
  if (open !== undefined)
    found.push(
      doubtful("deployment", "one is open", `fleet status ${machine} tells whose; deploying again takes it up`),
    );
  if (facts.leftovers.length > 0)
    found.push(
      doubtful("deployment", "a switch was cut off in the middle", "deploy again: it starts what was left out"),
    );
  if (facts.failedUnits.length > 0) {
    const [first = "", ...more] = facts.failedUnits;
    const names = more.length === 0 ? first : `${first} and ${more.length} more`;
    found.push(doubtful("units", `failed: ${names}`, `fleet ssh ${machine} -- systemctl status ${first}`));
  }
  return found.length === 0 ? [fine("state", "no open deployment, no failed unit")] : found;
}
