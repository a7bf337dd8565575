import * as runtime from "../first-login.impl.ts";
import { told } from "../told.ts";

export const { diff, create, update } = told(runtime);
