// Reads the stack's output `machines` as JSON from stdin and prints it as a table.
import { json } from "node:stream/consumers";
import { machinesSchema, renderMachineTable } from "./machine-table.ts";

console.log(`\n${renderMachineTable(machinesSchema.parse(await json(process.stdin)))}`);
