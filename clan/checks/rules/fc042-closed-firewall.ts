import type { MachineFacts } from "../machine-facts.ts";
import { deployedAt } from "../machines.ts";
import { optionPlace } from "../option-place.ts";
import type { Rule } from "../rule.ts";

const openPorts = ["networking", "firewall", "allowedTCPPorts"];
const sshdPorts = ["services", "openssh", "ports"];

type Firewall = NonNullable<MachineFacts["firewall"]>;

/** The machine's own firewall, or its sshd's port, closes the way by which it is deployed. */
export const closedFirewall: Rule = {
  id: "FC042",
  title: "a firewall that closes the way to its machine",
  severities: ["error"],
  evaluated: true,
  text: {
    finds:
      "A NixOS machine whose firewall opens the target host's port on no interface, or whose sshd listens on other ports. Firewalls with rules of their own are not judged.",
    silent: "Established connections survive the new firewall: the deployment succeeds, the next one gets no answer.",
    fix: "Open the port, or correct the target host's.",
    example: "`services.openssh.openFirewall = false` and no `allowedTCPPorts`",
  },
  *check(context) {
    const { model, configurations, at } = context;
    for (const [name, { class: machineClass, definedAt }] of Object.entries(model.machines)) {
      const facts = configurations.get(name);
      if (machineClass !== "nixos" || facts?.ssh?.enable !== true) continue;
      const target = deployedAt(name, context);
      if (target === undefined) continue;
      const port = target.port ?? 22;
      const { ports, opensFirewall } = facts.ssh;
      const listens = ports.length === 0 || ports.includes(port);
      if (listens && (opensFirewall || facts.firewall === null || lets(port, facts.firewall))) continue;
      yield {
        severity: "error",
        subject: { kind: "machine", name },
        message: listens
          ? `the firewall of ${name} opens port ${port} nowhere, by which it is deployed`
          : `${name} is deployed by port ${port}, but its sshd listens on ${ports.join(", ")}`,
        at:
          optionPlace(context, name, listens ? openPorts : sshdPorts) ??
          at(["clan", "inventory", "machines", name, "deploy", "targetHost"]) ??
          definedAt,
        suggestion: listens
          ? `add ${port} to networking.firewall.allowedTCPPorts`
          : `write the port into the target host, or add ${port} to services.openssh.ports`,
      };
    }
  },
};

function lets(port: number, { enable, custom, trusted, interfaces, ...everywhere }: Firewall): boolean {
  // Loopback is always trusted, and leads nowhere.
  const outside = trusted.filter((name) => name !== "lo");
  if (!enable || custom || outside.length > 0) return true;
  return [everywhere, ...Object.values(interfaces)].some(
    ({ ports, ranges }) => ports.includes(port) || ranges.some(({ from, to }) => from <= port && port <= to),
  );
}
