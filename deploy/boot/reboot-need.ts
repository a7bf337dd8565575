/** What a system brings to the next boot. Null: it has none (a container), or the host has no such system. */
export interface KernelFacts {
  readonly kernel: string | null;
  readonly initrd: string | null;
  readonly modules: string | null;
  readonly kernelParams: string | null;
  readonly initInterface: string | null;
  readonly inhibitors: string | null;
}

export interface RebootNeed {
  readonly kind: "needed" | "not-needed" | "not-applicable" | "unknown";
  /** `kernel: linux-6.12.8 → linux-6.12.10`, one a difference. */
  readonly reasons: readonly string[];
  /** `test` is refused or does harm; only a boot leads there. Each in one line. */
  readonly mustNotSwitch: readonly string[];
}

/**
 * Compares what was booted, and what runs, with what shall run.
 * Source: nixpkgs, system.autoUpgrade (kernel, initrd, kernel-modules of the booted system); switchable-system (init interface, inhibitors).
 */
export function decideReboot(
  booted: KernelFacts | undefined,
  running: KernelFacts | undefined,
  wanted: KernelFacts,
): RebootNeed {
  const mustNotSwitch = [
    ...change("init interface", running?.initInterface, wanted.initInterface),
    ...inhibitorsChanged(running, wanted),
  ];
  if (wanted.kernel === null && wanted.initrd === null) return { kind: "not-applicable", reasons: [], mustNotSwitch };
  if (booted === undefined || booted.kernel === null) return { kind: "unknown", reasons: [], mustNotSwitch };
  const reasons = [
    ...change("kernel", booted.kernel, wanted.kernel),
    ...change("initrd", booted.initrd, wanted.initrd),
    ...change("kernel modules", booted.modules, wanted.modules),
    ...parametersChanged(booted.kernelParams, wanted.kernelParams),
  ];
  const isNeeded = reasons.length > 0 || mustNotSwitch.length > 0;
  return { kind: isNeeded ? "needed" : "not-needed", reasons: [...reasons, ...mustNotSwitch], mustNotSwitch };
}

function change(what: string, before: string | null | undefined, after: string | null): readonly string[] {
  if (before === undefined || before === null || after === null || before === after) return [];
  const [from, to] = [nameOf(before), nameOf(after)];
  return [from === to ? `${what}: another build of ${to}` : `${what}: ${from} → ${to}`];
}

/** A store path's name; other values as they are. */
function nameOf(value: string): string {
  return /^\/nix\/store\/[a-z0-9]{32}-([^/]+)/.exec(value)?.[1] ?? value;
}

function parametersChanged(before: string | null, after: string | null): readonly string[] {
  if (before === null || after === null) return [];
  const words = (text: string): string[] =>
    text.split(/\s+/).filter((word) => word !== "" && !word.startsWith("init="));
  const [old, now] = [words(before), words(after)];
  const gone = old.filter((word) => !now.includes(word)).map((word) => `-${word}`);
  const come = now.filter((word) => !old.includes(word)).map((word) => `+${word}`);
  if (gone.length + come.length > 0) return [`kernel parameters: ${[...gone, ...come].join(" ")}`];
  return old.join(" ") === now.join(" ") ? [] : ["kernel parameters: another order"];
}

function inhibitorsChanged(running: KernelFacts | undefined, wanted: KernelFacts): readonly string[] {
  // A running system without the file knows no inhibitors: its own check would let everything pass.
  if (running === undefined || running.inhibitors === null || running.inhibitors === wanted.inhibitors) return [];
  const names = changedKeys(running.inhibitors, wanted.inhibitors ?? "{}");
  return [`switch inhibitors changed${names.length > 0 ? `: ${names.join(", ")}` : ""}`];
}

function changedKeys(before: string, after: string): readonly string[] {
  try {
    const [old, now] = [Object.entries(JSON.parse(before)), Object.entries(JSON.parse(after))];
    const same = (entries: [string, unknown][], key: string): string =>
      JSON.stringify(entries.find(([name]) => name === key));
    const keys = new Set([...old, ...now].map(([key]) => key));
    return [...keys].filter((key) => same(old, key) !== same(now, key)).toSorted();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return []; // another format: that it changed is said
    throw error;
  }
}
