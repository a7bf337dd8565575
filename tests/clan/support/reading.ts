import assert from "node:assert/strict";
import { readFleet } from "../../../clan/read-fleet.ts";
import { FleetError, FleetErrors } from "../../../errors.ts";
import { temporaryFleet } from "./temporary-fleet.ts";

/** A second file beside galena's; its own line 3 is where the interesting thing stands. */
export function clanFile(content: string): string {
  return `export default ({ config }) => ({
  clan: {
    ${content}
  },
});
`;
}

/** What reading these files says, without the folder they lie in. */
export async function failure(files: Readonly<Record<string, string>>): Promise<string> {
  await using fleet = await temporaryFleet(files);
  try {
    await readFleet(fleet.root);
  } catch (error) {
    if (error instanceof FleetError || error instanceof FleetErrors)
      return error.message.replaceAll(fleet.root, "<root>");
    throw error;
  }
  return assert.fail("the fleet was read");
}

export function lines(...text: readonly string[]): string {
  return text.join("\n");
}
