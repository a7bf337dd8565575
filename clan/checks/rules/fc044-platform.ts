import type { CheckContext } from "../context.ts";
import { machineOf } from "../machines.ts";
import { optionPlace, placeOf } from "../option-place.ts";
import type { Report, Rule } from "../rule.ts";

/** The platform that is written is not the one that is built, or not the node's. */
export const platform: Rule = {
  id: "FC044",
  title: "a system of another platform than its machine",
  severities: ["error"],
  evaluated: true,
  text: {
    finds:
      "A node whose machine type has another processor than the machine's platform; where the configuration was evaluated, a platform that differs from the registry's; where hosts are asked, a host of another platform. It is compared once more before anything changes there.",
    silent: "It evaluates and, with emulation or a builder, builds; the host cannot run it.",
    fix: "Correct `nixpkgs.hostPlatform` or the machine type.",
    example: "`t2a-standard-4`, an ARM machine type, under a machine of x86_64-linux",
  },
  *check(context) {
    yield* onNodes(context);
    yield* onHosts(context);
    for (const [name, { system, definedAt }] of Object.entries(context.model.machines)) {
      const built = context.configurations.get(name)?.hostPlatform ?? null;
      if (system === null || built === null || built === system) continue;
      yield {
        severity: "error",
        subject: { kind: "machine", name },
        message: `${name} is registered for ${system}, but its configuration is for ${built}`,
        at:
          optionPlace(context, name, ["nixpkgs", "hostPlatform"]) ??
          context.at(["clan", "machines", name, "nixpkgs", "hostPlatform"]) ??
          definedAt,
        suggestion: "state nixpkgs.hostPlatform in one place",
      };
    }
  },
};

function* onHosts(context: CheckContext): Iterable<Report> {
  for (const [name, host] of context.hosts) {
    const built = context.configurations.get(name)?.hostPlatform ?? machineOf(context.model, name)?.system ?? null;
    if (built === null || runsOn(built, host.system)) continue;
    yield {
      severity: "error",
      subject: { kind: "machine", name },
      message: `${name} is of ${built}, but its host is ${host.system}`,
      at: placeOf(context, name, ["nixpkgs", "hostPlatform"]),
      suggestion: "correct nixpkgs.hostPlatform, or the address: is it the host that was meant?",
    };
  }
}

/** A 64-bit PC runs 32-bit systems. */
function runsOn(built: string, host: string): boolean {
  return built === host || (built === "i686-linux" && host === "x86_64-linux");
}

/** Machine series with ARM processors. Source: Compute Engine's documentation of machine families, 2025. */
const armSeries = /^(?:t2a|c4a|n4a|a4x)-/;

function* onNodes({ model, at }: CheckContext): Iterable<Report> {
  for (const [name, { machineType, definedAt }] of Object.entries(model.nodes)) {
    const system = machineOf(model, name)?.system ?? null;
    const processor = armSeries.test(machineType) ? "aarch64" : "x86_64";
    if (system === null || system.startsWith(`${processor}-`)) continue;
    yield {
      severity: "error",
      subject: { kind: "machine", name },
      message: `${name} is of ${system}, but its node ${machineType} has ${processor} processors`,
      at: at(["nodes", name, "machineType"]) ?? definedAt,
      suggestion: "correct machineType, or nixpkgs.hostPlatform",
    };
  }
}
