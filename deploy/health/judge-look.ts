import type { HealthGate } from "./health-gate.ts";
import type { Observation } from "./plan-health.ts";

/** What one look saw; when it was is the caller's to add. */
export type Look = Omit<Observation, "startedAt" | "endedAt">;
type GateOf<K extends HealthGate["kind"]> = Extract<HealthGate, { readonly kind: K }>;

/** From `systemctl show` of the gate's units. */
export function judgeUnits(gate: GateOf<"units">, text: string): Look {
  if (text.trim() === "no-systemd") return { healthy: false, final: true, detail: "the host has no systemd" };
  const blocks = text
    .trim()
    .split(/\n{2,}/)
    .map(propertiesOf);
  const seen = gate.units.map((unit, index) => ({ unit, properties: blocks[index] ?? new Map<string, string>() }));
  const ill = seen.filter(({ properties }) => properties.get("ActiveState") !== "active");
  const states = ill.map(({ unit, properties }) => `${unit} is ${stateOf(properties)}`);
  const mark = seen
    .map(({ properties }) => `${properties.get("NRestarts")}/${properties.get("ActiveEnterTimestampMonotonic")}`)
    .join(" ");
  if (ill.length === 0) return { healthy: true, mark, detail: `${gate.units.join(", ")} active` };
  return { healthy: false, mark, detail: states.join(", ") };
}

function propertiesOf(block: string): ReadonlyMap<string, string> {
  return new Map(
    block.split("\n").flatMap((line) => {
      const equals = line.indexOf("=");
      return equals < 0 ? [] : [[line.slice(0, equals), line.slice(equals + 1)] as const];
    }),
  );
}

function stateOf(properties: ReadonlyMap<string, string>): string {
  const load = properties.get("LoadState");
  if (load === undefined) return "unknown to systemd";
  if (load !== "loaded") return load;
  return `${properties.get("ActiveState")} (${properties.get("SubState")})`;
}

/** From the command's last words and its exit code in the last line. */
export function judgeCommand(_gate: GateOf<"command">, text: string): Look {
  const lines = text.trimEnd().split("\n");
  const code = /^exit (\d{1,3})$/.exec(lines.pop() ?? "")?.[1];
  const words = lines.findLast((line) => line.trim() !== "")?.slice(0, 300);
  const detail = `${code === undefined ? "ended without an exit code" : code === "124" ? "did not end in time" : `exit code ${code}`}${words === undefined ? "" : `: ${words}`}`;
  // 126 and 127: no such program, here and at every later look.
  if (code === "126" || code === "127") return { healthy: false, final: true, detail };
  return { healthy: code === "0", detail };
}

export function judgeTcp(_gate: GateOf<"tcp">, text: string): Look {
  const [state] = text.trim().split(" ");
  if (state === "open") return { healthy: true, detail: "accepts connections" };
  if (state === "closed") return { healthy: false, detail: "accepts no connection" };
  return { healthy: false, final: true, detail: "the host has neither nc nor bash to look with" };
}

export function judgeHttp(gate: GateOf<"http">, text: string): Look {
  const [state, code, ...rest] = text.trim().split(" ");
  if (state === "status" && code !== undefined) return judgeStatus(gate, Number(code));
  if (state === "none") return { healthy: false, detail: `no answer: ${rest.join(" ") || "no connection"}` };
  const missing = gate.url.startsWith("https:") ? "neither curl nor wget" : "neither curl nor wget nor bash";
  return { healthy: false, final: true, detail: `the host has ${missing} to look with` };
}

export function judgeStatus({ expectStatus }: GateOf<"http">, status: number): Look {
  const expected = typeof expectStatus === "number" ? [expectStatus] : expectStatus;
  if (expected.includes(status)) return { healthy: true, detail: `status ${status}` };
  return { healthy: false, detail: `status ${status}, expected ${expected.join(" or ")}` };
}
