import { z } from "zod";

/** What a run of mocha leaves for the process that started it. */
export const runRecordSchema = z.strictObject({
  passed: z.int(),
  skipped: z.int(),
  failures: z.array(
    z.strictObject({
      title: z.string(),
      /** null: a hook of the whole run, which belongs to no file. */
      file: z.string().nullable(),
    }),
  ),
});
export type RunRecord = z.output<typeof runRecordSchema>;

/** Names the file for the record; unset: none is written. */
export const recordVariable = "PULUMI_CLAN_TEST_RECORD";
