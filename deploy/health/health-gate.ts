import { z } from "zod";
import { unitNameSchema } from "../activation/transaction.ts";

const timing = {
  /** From the first look on, the stable time included. Default 60. */
  deadlineSeconds: z.number().min(1).max(3_600).default(60),
  /** From the end of one look to the next. Default 2. */
  intervalSeconds: z.number().min(0.1).max(300).default(2),
  /** Healthy without a break for so long. Default 0: one good look is enough. */
  stableForSeconds: z.number().min(0).max(3_600).default(0),
  /** For one look. Default 10. */
  attemptSeconds: z.number().min(0.1).max(300).default(10),
};

const from = z.enum(["operator", "host"]);

/** A plain `http` or `https` address. Credentials would be read by everybody in the host's process list. */
const urlSchema = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .refine((url) => {
    const parsed = URL.parse(url);
    return parsed !== null && parsed.username === "" && parsed.password === "";
  }, "expected a URL without user name and password");

const unitsGate = z.strictObject({
  kind: z.literal("units"),
  /** Active all of them; with a stable time also neither restarted nor started again during it. */
  units: z.array(unitNameSchema).min(1).max(100),
  ...timing,
});

const commandGate = z.strictObject({
  kind: z.literal("command"),
  /** Exit code 0 is healthy. Runs as root; everybody on the host can read it in the process list. */
  argv: z.array(z.string().max(8_192)).min(1).max(200),
  on: z.literal("host").default("host"),
  ...timing,
});

const tcpGate = z.strictObject({
  kind: z.literal("tcp"),
  port: z.int().min(1).max(65_535),
  /** Default: the machine's address as it is deployed to; from the host 127.0.0.1. */
  address: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]{1,253}$/, "expected a host name or an IP address")
    .optional(),
  from: from.default("host"),
  ...timing,
});

const httpGate = z.strictObject({
  kind: z.literal("http"),
  url: urlSchema,
  /** One status or several; redirects are not followed. Default 200. */
  expectStatus: z.union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)]).default(200),
  from: from.default("host"),
  ...timing,
});

/** What must hold on a host after `test` before a system is committed. */
export const healthGateSchema = z
  .discriminatedUnion("kind", [unitsGate, commandGate, tcpGate, httpGate])
  .refine(({ stableForSeconds, deadlineSeconds }) => stableForSeconds < deadlineSeconds, {
    path: ["stableForSeconds"],
    error: "expected less than deadlineSeconds: the stable time is part of it",
  });
export type HealthGate = z.output<typeof healthGateSchema>;
export const healthGatesSchema = z.array(healthGateSchema).max(50);

/** Short form for messages: `units nginx.service`, `tcp 127.0.0.1:443 from the host`. */
export function renderGate(gate: HealthGate): string {
  switch (gate.kind) {
    case "units":
      return `units ${gate.units.join(", ")}`;
    case "command":
      return `command ${gate.argv.join(" ").slice(0, 200)}`;
    case "tcp":
      return `tcp ${gate.address === undefined ? "" : `${gate.address} `}port ${gate.port} from the ${gate.from}`;
    case "http":
      return `http ${gate.url} from the ${gate.from}`;
  }
}
