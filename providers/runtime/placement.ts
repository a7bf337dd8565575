import * as runtime from "../placement.impl.ts";
import { told } from "../told.ts";

export const { check, diff, create, update, remove } = told(runtime);
