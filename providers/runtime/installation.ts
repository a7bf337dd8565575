import * as runtime from "../installation.impl.ts";
import { told } from "../told.ts";

export const { check, diff, create, update } = told(runtime);
