// Compiles Luau files with Luau itself (built for the web) and prints {file: error or null} as JSON.
//   node luau.mjs FILE…
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { load } from "./packages.mjs";

const { LuauState } = await import(pathToFileURL(load.resolve("luau-web")));
const state = await LuauState.createAsync({});
const told = {};
for (const file of process.argv.slice(2)) {
  try {
    state.loadstring(readFileSync(file, "utf8"), file, true);
    told[file] = null;
  } catch (error) {
    told[file] = error.message;
  }
}
console.log(JSON.stringify(told));
process.exit(0);
