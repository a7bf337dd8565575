import * as runtime from "../node-image.impl.ts";
import { told } from "../told.ts";

export const { diff, create, remove } = told(runtime);
