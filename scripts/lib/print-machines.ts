// Prints the table of machines after an update: print-machines.ts <output before, JSON> <output after, JSON>
import { machinesSchema, renderMachineTable, sinceUpdate } from "./machine-table.ts";

const [before, after] = process.argv.slice(2).map((text) => machinesSchema.parse(JSON.parse(text)));
if (before !== undefined && after !== undefined && Object.keys(after).length > 0)
  console.log(`\n${renderMachineTable(sinceUpdate(before, after))}`);
