import type { MachineClass } from "../clan/fleet-model.ts";

/** What a scenario's system has beyond the base, as text of a NixOS module. Services stay until they are stopped. */
export const features = {
  "tool 1.0": tool("1.0"),
  "tool 1.1": tool("1.1"),
  user: "users.users.ada = { isNormalUser = true; };",
  motd: 'environment.etc."fidelity/motd".text = "hello";',
  kernel: "boot.kernelPackages = pkgs.linuxPackages_6_17;",
  "kernel parameter": 'boot.kernelParams = [ "quiet" ];',
  initrd: 'boot.initrd.kernelModules = [ "dm_crypt" ];',
  inhibitor: 'system.switch.inhibitors.dbus = "broker";',
  specialisation: "specialisation.docked.configuration = { systemd.services.dock = stays; };",
  web: service("web", "one"),
  "web changed": service("web", "two"),
  "web described": service("web", "one", 'description = "Serves the pages";'),
  "web masked": `${service("web", "one")} systemd.services.web.enable = false;`,
  "web reload command": service(
    "web",
    "one",
    "serviceConfig.ExecReload = \"/bin/sh -c 'echo web.service >> /run/fidelity-reloads'\";",
  ),
  late: service("late", "one", "stopIfChanged = false;"),
  "late changed": service("late", "two", "stopIfChanged = false;"),
  proxy: service("proxy", "one", `reloadIfChanged = true; ${reload("proxy")}`),
  "proxy changed": service("proxy", "two", `reloadIfChanged = true; ${reload("proxy")}`),
  shell: service("shell", "one", "restartIfChanged = false;"),
  "shell changed": service("shell", "two", "restartIfChanged = false;"),
  zone: service("zone", "one", `reloadTriggers = [ "zone 1" ]; ${reload("zone")}`),
  "zone trigger": service("zone", "one", `reloadTriggers = [ "zone 2" ]; ${reload("zone")}`),
  tenant: service("tenant", "one", 'restartTriggers = [ "settings 1" ];'),
  "tenant trigger": service("tenant", "one", 'restartTriggers = [ "settings 2" ];'),
  heirloom: service("heirloom", "one", "stopOnRemoval = false;"),
  database: `${service("database", "one")} ${service("app", "one", 'requires = [ "database.service" ]; after = [ "database.service" ];')}`,
  "database changed": `${service("database", "two")} ${service("app", "one", 'requires = [ "database.service" ]; after = [ "database.service" ];')}`,
  "part of": `${service("leader", "one")} ${service("follower", "one", 'partOf = [ "leader.service" ];')}`,
  "part of, changed": `${service("leader", "two")} ${service("follower", "one", 'partOf = [ "leader.service" ];')}`,
  timer: 'systemd.services.sweep = { script = "true"; startAt = "yearly"; };',
  "timer changed": 'systemd.services.sweep = { script = "true"; startAt = "monthly"; };',
  socket: socket("one"),
  "socket's service changed": socket("two"),
  oneshot:
    'systemd.services.migrate = { wantedBy = [ "multi-user.target" ]; serviceConfig.Type = "oneshot"; script = "echo migrate.service >> /run/fidelity-runs"; };',
  condition:
    'systemd.services.elsewhere = { wantedBy = [ "multi-user.target" ]; unitConfig.ConditionPathExists = "/nowhere"; script = "exec sleep infinity"; };',
  template: template("one"),
  "template changed": template("two"),
  daemon: daemon("7001"),
  "daemon changed": daemon("7002"),
  "second daemon": 'launchd.daemons.mail = { command = "/bin/sleep 7003"; serviceConfig.RunAtLoad = true; };',
  agent: 'launchd.agents.menu = { command = "/bin/sleep 7004"; serviceConfig.RunAtLoad = true; };',
  failing: 'systemd.services.broken = { wantedBy = [ "multi-user.target" ]; script = "exit 3"; };',
} as const;
export type Feature = keyof typeof features;

/** A machine with these features as a module; `stays` is a service that does nothing. */
export function moduleOf(of: readonly Feature[], machineClass: MachineClass): string {
  if (machineClass === "darwin")
    return `{ lib, pkgs, ... }: lib.mkMerge [
  { networking.hostName = "topaz"; launchd.daemons.beacon = { command = "/bin/sleep 7000"; serviceConfig.KeepAlive = true; }; }
  ${of.map((feature) => `{ ${features[feature]} }`).join("\n  ")}
]`;
  return `{ lib, pkgs, ... }: let stays = { wantedBy = [ "multi-user.target" ]; script = "exec sleep infinity"; }; in lib.mkMerge [
  { networking.hostName = "agate"; boot.loader.systemd-boot.enable = true; systemd.services.beacon = stays; }
  ${of.map((feature) => `{ ${features[feature]} }`).join("\n  ")}
]`;
}

function tool(version: string): string {
  return `environment.systemPackages = [ (pkgs.simulatedPackage { pname = "tool"; version = "${version}"; }) ];`;
}

function service(name: string, text: string, more = ""): string {
  return `systemd.services.${name} = { wantedBy = [ "multi-user.target" ]; environment.TEXT = "${text}"; script = "exec sleep infinity"; ${more} };`;
}

/** Of a Mac. */
function daemon(seconds: string): string {
  return `launchd.daemons.web = { command = "/bin/sleep ${seconds}"; serviceConfig = { RunAtLoad = true; KeepAlive = true; }; };`;
}

/** Leaves a line on the host: nothing else shows that a service was reloaded. */
function reload(name: string): string {
  return `reload = "echo ${name}.service >> /run/fidelity-reloads";`;
}

function template(text: string): string {
  return `systemd.services."tenant@" = { environment.TEXT = "${text}"; script = "exec sleep infinity"; };
    systemd.services.herd = { wantedBy = [ "multi-user.target" ]; wants = [ "tenant@a.service" ]; script = "exec sleep infinity"; };`;
}

/** Nothing but its socket starts it. */
function socket(text: string): string {
  return `systemd.services.echo = { environment.TEXT = "${text}"; script = "exec sleep infinity"; };
    systemd.sockets.echo = { wantedBy = [ "sockets.target" ]; listenStreams = [ "/run/echo.sock" ]; };`;
}
