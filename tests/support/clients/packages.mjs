// The npm packages of tools/web, for scripts that lie elsewhere.
import { createRequire } from "node:module";

export const load = createRequire(new URL("../../../tools/web/package.json", import.meta.url));
