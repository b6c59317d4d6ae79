// Checks an AsyncAPI 3.0 document (a file) against the JSON Schema of the specification's authors; prints what breaks it
// as JSON. Each payload is compiled as the JSON Schema that it must be.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../tools/web/package.json", import.meta.url));
const addFormats = require("ajv-formats").default;
const options = { allErrors: true, strict: false };

function checker(Ajv) {
  const ajv = new Ajv(options);
  addFormats(ajv);
  return ajv;
}

const document = JSON.parse(readFileSync(process.argv[2], "utf8"));
const official = checker(require("ajv").default);
official.validate(require("@asyncapi/specs/schemas/3.0.0-without-$id.json"), document);
const problems = (official.errors ?? []).map((error) => `${error.instancePath}: ${error.message}`);

const payloads = checker(require("ajv/dist/2020").default);
payloads.addSchema({ $id: "document", ...document });
let messages = 0;
for (const channel of Object.values(document.channels)) {
  for (const [name, message] of Object.entries(channel.messages)) {
    messages += 1;
    try {
      payloads.compile({ $id: `document/${name}`, ...JSON.parse(
        JSON.stringify(message.payload).replaceAll('"$ref":"#/', '"$ref":"document#/')) });
    } catch (error) {
      problems.push(`${name}: ${error.message}`);
    }
  }
}

// A reference that leads nowhere fits every schema.
function look(value, path) {
  if (value === null || typeof value !== "object") return;
  if (typeof value.$ref === "string") {
    const found = value.$ref.split("/").slice(1).reduce((at, key) => at?.[key], document);
    if (found === undefined) problems.push(`${path}: ${value.$ref} leads nowhere`);
  }
  for (const [key, inner] of Object.entries(value)) look(inner, `${path}/${key}`);
}
look(document, "");
console.log(JSON.stringify({ messages, problems }));
