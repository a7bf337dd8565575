import type { HostUnit, HostUnits } from "./host-units.ts";
import { templateOf, type UnitFile, type UnitFolder } from "./unit-folder.ts";
import { compareUnits, type UnitText, unitFlag, unitWords } from "./unit-text.ts";

/** What a switch does to a host's units, sorted. A unit stands in one list. */
export interface UnitChanges {
  /** Run, and will not. */
  readonly stop: readonly string[];
  /** Do not run, and systemd is asked to start them: the new ones, and every other one that something active wants. */
  readonly start: readonly string[];
  readonly restart: readonly string[];
  readonly reload: readonly string[];
  /** Are other ones in the new system and run on as they are, because they say so. */
  readonly keep: readonly string[];
  /** What else is done that is not foretold unit by unit. */
  readonly unsure: readonly string[];
}

/** Foretells what `switch-to-configuration test` of a system does. Source: nixpkgs 26.05, switch-to-configuration-ng. */
export function planUnits(host: HostUnits, wanted: UnitFolder): UnitChanges {
  const orders = new Orders(host.loaded);
  for (const [unit, { state, isOwn }] of host.loaded) {
    const file = host.files.get(unit);
    // A target of another's: what the system adds to it is started with it.
    if (!isOwn && unit.endsWith(".target") && state === "active" && wanted.pulls.has(unit)) orders.targets.add(unit);
    if (!isOwn || file === undefined || (state !== "active" && state !== "activating")) continue;
    const next = wanted.units.get(unit) ?? wanted.units.get(templateOf(unit));
    if (next === undefined || next.kind === "masked") {
      if (unitFlag(file.text, "Unit", "X-StopOnRemoval", true)) orders.stop.add(unit);
    } else if (unit.endsWith(".target")) planTarget(orders, unit, next.text);
    else if (file.id !== next.id) planChanged(orders, unit, compareUnits(file.text, next.text), next, wanted);
  }
  return effectsOf(orders, host, wanted);
}

/** What systemd will be told. */
class Orders {
  readonly loaded: ReadonlyMap<string, HostUnit>;
  readonly stop = new Set<string>();
  readonly start = new Set<string>();
  readonly restart = new Set<string>();
  readonly reload = new Set<string>();
  readonly keep = new Set<string>();
  /** Active targets are started again: that starts what they want and does not run. */
  readonly targets = new Set<string>();

  constructor(loaded: ReadonlyMap<string, HostUnit>) {
    this.loaded = loaded;
  }
}

function planTarget(orders: Orders, unit: string, text: UnitText): void {
  const sleeps = ["suspend.target", "hibernate.target", "hybrid-sleep.target"].includes(unit);
  const isStarted =
    !sleeps &&
    !unitFlag(text, "Unit", "RefuseManualStart", false) &&
    !unitFlag(text, "Unit", "X-OnlyManualStart", false);
  if (isStarted) orders.targets.add(unit);
  if (unitFlag(text, "Unit", "X-StopOnReconfiguration", false)) orders.stop.add(unit);
}

function planChanged(
  orders: Orders,
  unit: string,
  difference: ReturnType<typeof compareUnits>,
  { text }: Extract<UnitFile, { kind: "file" }>,
  wanted: UnitFolder,
): void {
  if (difference === "none") return;
  if (difference === "reload") orders.reload.add(unit);
  // What these say counts with the daemon's reload; sockets are left to their services.
  else if (/\.(?:path|slice|socket)$/.test(unit)) return;
  else if (unit.endsWith(".mount"))
    (unit === "-.mount" || unit === "nix.mount" ? orders.reload : orders.restart).add(unit);
  else if (unitFlag(text, "Service", "X-ReloadIfChanged", false)) orders.reload.add(unit);
  else if (isLeftAlone(text)) orders.keep.add(unit);
  else if (!unitFlag(text, "Service", "X-StopIfChanged", true) || !unit.endsWith(".service")) orders.restart.add(unit);
  else planStopAndStart(orders, unit, text, wanted);
}

function isLeftAlone(text: UnitText): boolean {
  return (
    !unitFlag(text, "Service", "X-RestartIfChanged", true) ||
    unitFlag(text, "Unit", "RefuseManualStop", false) ||
    unitFlag(text, "Unit", "X-OnlyManualStart", false)
  );
}

/** A service with sockets is stopped with them, and its sockets start it again. */
function planStopAndStart(orders: Orders, unit: string, text: UnitText, wanted: UnitFolder): void {
  const stated = unitWords(text, "Service", "Sockets");
  const sockets = stated.length > 0 ? stated : [templateOf(unit).replace(/@?\.service$/, ".socket")];
  let bySocket = false;
  for (const socket of sockets) {
    const isWanted = wanted.units.has(socket);
    if (isRunning(orders.loaded.get(socket))) {
      orders.stop.add(socket);
      if (isWanted) orders.start.add(socket);
    }
    bySocket ||= isWanted;
  }
  orders.stop.add(unit);
  if (!bySocket || unitFlag(text, "Service", "X-NotSocketActivated", false)) orders.start.add(unit);
}

function effectsOf(orders: Orders, host: HostUnits, wanted: UnitFolder): UnitChanges {
  const { loaded } = host;
  const running = (unit: string): boolean => isRunning(loaded.get(unit));
  const restarted = withDependents(orders.restart, loaded);
  const stopped = withDependents(orders.stop, loaded);
  const started = pulledBy([...orders.start, ...orders.targets], wanted);
  const starts = [...started].filter(
    (unit) => (stopped.has(unit) || !running(unit)) && (orders.start.has(unit) || !isKept(unit, host, wanted)),
  );
  const unsureStarts = starts.filter((unit) => !loaded.has(unit) && hasConditions(unit, wanted));
  const isVisible = (unit: string): boolean => !unit.endsWith(".target");
  const restart = new Set(
    [...restarted, ...starts.filter((unit) => stopped.has(unit) && running(unit))].filter(isVisible),
  );
  const stop = new Set([...stopped].filter((unit) => running(unit) && !restart.has(unit) && isVisible(unit)));
  const start = starts.filter((unit) => !restart.has(unit) && isVisible(unit) && !unsureStarts.includes(unit));
  const others = (units: Iterable<string>): string[] =>
    [...units].filter((unit) => !restart.has(unit) && !stop.has(unit)).sort();
  return {
    stop: [...stop].sort(),
    start: [...new Set(start)].sort(),
    restart: [...restart].sort(),
    reload: others(orders.reload),
    keep: others(orders.keep),
    unsure: [
      ...unsureOf(host.others, wanted.others),
      ...unsureStarts.filter(isVisible).map((unit) => `${unit} starts where its conditions hold`),
    ],
  };
}

/** Nobody starts what is masked, what no system defines, or what systemd has found not to be meant for this host. */
function isKept(unit: string, { loaded }: HostUnits, wanted: UnitFolder): boolean {
  const file = wanted.units.get(unit) ?? wanted.units.get(templateOf(unit));
  return file === undefined || file.kind === "masked" || loaded.get(unit)?.unmet === true;
}

/** A unit that systemd has not tried yet. */
function hasConditions(unit: string, wanted: UnitFolder): boolean {
  const file = wanted.units.get(unit) ?? wanted.units.get(templateOf(unit));
  const keys = file?.kind === "file" ? [...(file.text.get("Unit")?.keys() ?? [])] : [];
  return keys.some((key) => /^(?:Condition|Assert)/.test(key));
}

function isRunning(unit: HostUnit | undefined): boolean {
  return unit !== undefined && ["active", "activating", "reloading", "refreshing"].includes(unit.state);
}

/** With the running units that systemd stops or restarts along with them. Source: systemd.unit(5), Requires, BindsTo, PartOf. */
function withDependents(units: ReadonlySet<string>, loaded: ReadonlyMap<string, HostUnit>): ReadonlySet<string> {
  const found = new Set(units);
  for (const unit of found)
    for (const dependent of loaded.get(unit)?.stopsWith ?? [])
      if (isRunning(loaded.get(dependent))) found.add(dependent);
  return found;
}

/** All that a start pulls in, through any chain. */
function pulledBy(units: readonly string[], { pulls, units: files }: UnitFolder): ReadonlySet<string> {
  const found = new Set(units);
  for (const unit of found)
    if (files.get(unit)?.kind !== "masked") for (const pulled of pulls.get(unit) ?? []) found.add(pulled);
  return found;
}

function unsureOf(before: UnitFolder["others"], after: UnitFolder["others"]): string[] {
  return [
    ...(before.fstab === after.fstab ? [] : ["/etc/fstab changes: mounts come, go or are made again"]),
    ...(before.userUnits === after.userUnits ? [] : ["units of users' sessions change"]),
  ];
}
