import { connect, type Socket } from "node:net";
import { composeScript } from "../host-script.ts";
import type { RootShell } from "../root-shell.ts";
import type { HealthGate } from "./health-gate.ts";
import { judgeCommand, judgeHttp, judgeStatus, judgeTcp, judgeUnits, type Look } from "./judge-look.ts";

/** Looks once. @throws whatever keeps it from looking; the signal ends it. */
export async function lookAt(shell: RootShell, gate: HealthGate, signal: AbortSignal): Promise<Look> {
  switch (gate.kind) {
    case "units":
      return judgeUnits(gate, await onHost(shell, gate, gate.units, signal));
    case "command":
      return judgeCommand(gate, await onHost(shell, gate, [limitOf(gate), ...gate.argv], signal));
    case "tcp": {
      const { address, port, from } = gate;
      if (from === "operator") return connectFromHere(address ?? shell.address, port, signal);
      return judgeTcp(gate, await onHost(shell, gate, [address ?? "127.0.0.1", String(port), limitOf(gate)], signal));
    }
    case "http":
      if (gate.from === "operator") return fetchFromHere(gate, signal);
      return judgeHttp(gate, await onHost(shell, gate, httpArguments(gate), signal));
  }
}

async function onHost(
  shell: RootShell,
  gate: HealthGate,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const file = new URL(`./scripts/look-${gate.kind}.sh`, import.meta.url);
  const options = { deadlineSeconds: Math.ceil(gate.attemptSeconds) + 5, maxOutputBytes: 256 * 1024 };
  const { stdout } = await shell.exec(composeScript(`look-${gate.kind}`, [file], args), options, signal);
  return stdout;
}

/** Whole seconds: busybox' timeout knows no others. */
function limitOf({ attemptSeconds }: HealthGate): string {
  return String(Math.max(1, Math.floor(attemptSeconds)));
}

function httpArguments(gate: Extract<HealthGate, { readonly kind: "http" }>): readonly string[] {
  const { protocol, hostname, port, pathname, search, host } = new URL(gate.url);
  const name = protocol.slice(0, -1);
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  return [gate.url, limitOf(gate), name, address, port || (name === "http" ? "80" : "443"), pathname + search, host];
}

async function connectFromHere(host: string, port: number, signal: AbortSignal): Promise<Look> {
  const { promise, resolve, reject } = Promise.withResolvers<Look>();
  signal.throwIfAborted();
  const socket: Socket = connect({ host, port });
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.once("connect", () => resolve({ healthy: true, detail: `${host} accepts connections` }));
  socket.once("error", (error) => resolve({ healthy: false, detail: error.message }));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

async function fetchFromHere(gate: Extract<HealthGate, { readonly kind: "http" }>, signal: AbortSignal): Promise<Look> {
  try {
    const response = await fetch(gate.url, { redirect: "manual", signal });
    await response.body?.cancel();
    return judgeStatus(gate, response.status);
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { healthy: false, detail: `no answer: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
}
