// An S3 server for tests: s3rver keeps the objects; before it, Amazon's own signer says whether each request is signed
// as Signature Version 4 asks, since s3rver does not look. Prints its port. Arguments: FOLDER BUCKET KEY_ID KEY REGION
import { createHash, createHmac } from "node:crypto";
import http from "node:http";
import { load } from "./packages.mjs";

const [folder, bucket, keyId, key, region] = process.argv.slice(2);
const S3rver = load("s3rver");
const { SignatureV4 } = load("@smithy/signature-v4");

class Sha256 {
  constructor(secret) { this.hash = secret ? createHmac("sha256", secret) : createHash("sha256"); }
  update(data) { this.hash.update(data); }
  async digest() { return new Uint8Array(this.hash.digest()); }
}

const signer = new SignatureV4({
  service: "s3", region, credentials: { accessKeyId: keyId, secretAccessKey: key }, sha256: Sha256,
  uriEscapePath: false, applyChecksum: false,
});

async function isSigned(request, body) {
  const given = request.headers.authorization ?? "";
  const names = given.match(/SignedHeaders=([^,]+)/)?.[1].split(";") ?? [];
  const stamp = request.headers["x-amz-date"] ?? "";
  const when = new Date(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!names.includes("host") || !(Math.abs(when - Date.now()) < 900e3)) return false;
  if (createHash("sha256").update(body).digest("hex") !== request.headers["x-amz-content-sha256"]) return false;
  const url = new URL(request.url, "http://" + request.headers.host);
  const headers = Object.fromEntries(names.map(name => [name, request.headers[name] ?? ""]));
  const expected = await signer.sign({
    method: request.method, protocol: "http:", hostname: url.hostname, port: Number(url.port), path: url.pathname,
    query: Object.fromEntries(url.searchParams), headers, body,
  }, { signingDate: when });
  return expected.headers.authorization.replace(/, /g, ",") === given.replace(/, /g, ",");
}

const store = await new S3rver({
  port: 0, address: "127.0.0.1", silent: true, directory: folder, configureBuckets: [{ name: bucket }],
}).run();

const server = http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  if (!await isSigned(request, body)) {
    response.writeHead(403, { "content-type": "application/xml" });
    response.end("<Error><Code>SignatureDoesNotMatch</Code><Message>The signature does not match</Message></Error>");
    return;
  }
  const { authorization, ...headers } = request.headers;
  const passed = http.request({ port: store.port, method: request.method, path: request.url, headers }, answer => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  passed.end(body);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
