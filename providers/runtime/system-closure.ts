import * as runtime from "../system-closure.impl.ts";
import { told } from "../told.ts";

export const { check, diff, create, read, update, remove } = told(runtime);
