/** The package for other Pulumi programs: `import { Fleet, GcpNode } from "pulumi-clan"`. */
export { type MachinePlan, type Plan, planSchema } from "./clan/plan/machine-plan.ts";
export { planRollout, type RolloutPlan, type RolloutRequest } from "./clan/rollout/plan-rollout.ts";
export type { CloudNode, NodeOrder } from "./components/cloud-node.ts";
export type { FirstLogin } from "./components/first-login.ts";
export { Fleet, type FleetArgs } from "./components/fleet.ts";
export type { ImageOrder } from "./components/gcp-image.ts";
export { GcpNode, type GcpNodeArgs } from "./components/gcp-node.ts";
export { Inventory, type InventoryArgs } from "./components/inventory.ts";
export { type Delivery, Machine, type MachineSettings } from "./components/machine.ts";
export { type MachineOutcome, MachineRegistry, type MachineRegistryArgs } from "./components/machine-registry.ts";
export { nodeOrder, type StatedNode } from "./components/node-order.ts";
export type { Remark } from "./components/remark.ts";
export { Rollout, type RolloutArgs } from "./components/rollout.ts";
export { ServiceInstance, type ServiceInstanceArgs } from "./components/service-instance.ts";
export { type FleetOutputs, runFleet } from "./program/run-fleet.ts";
export { Installation, type InstallationArgs } from "./providers/installation.ts";
export { SystemClosure, type SystemClosureArgs } from "./providers/system-closure.ts";
