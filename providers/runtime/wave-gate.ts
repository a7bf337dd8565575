import { told } from "../told.ts";
import * as runtime from "../wave-gate.impl.ts";

export const { check, diff, create, update } = told(runtime);
