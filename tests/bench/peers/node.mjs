// The routes of tests/bench/service/bench.lua on Node's own HTTP server: node node.mjs PORT
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = process.env.BENCH_JWT_SECRET;

function answer(res, status, kind, body) {
  res.writeHead(status, { "Content-Type": kind, "Content-Length": Buffer.byteLength(body) });
  res.end(body);
}

function claimsOf(header = "") {
  const [head, body, signature] = header.replace(/^Bearer /, "").split(".");
  if (!signature) return null;
  const mac = createHmac("sha256", secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== mac.length || !timingSafeEqual(given, mac)) return null;
  if (JSON.parse(Buffer.from(head, "base64url")).alg !== "HS256") return null;
  const claims = JSON.parse(Buffer.from(body, "base64url"));
  return claims.exp > Date.now() / 1000 ? claims : null;
}

const routes = {
  "GET /plaintext": (req, res) => answer(res, 200, "text/plain", "Hello, World!"),
  "GET /json": (req, res) => answer(res, 200, "application/json", JSON.stringify({ message: "Hello, World!" })),
  "POST /json-large": (req, res) => {
    const parts = [];
    req.on("data", (part) => parts.push(part));
    req.on("end", () => answer(res, 200, "application/json", JSON.stringify(JSON.parse(Buffer.concat(parts)))));
  },
  "GET /jwt": (req, res) => {
    const claims = claimsOf(req.headers.authorization);
    if (claims) answer(res, 200, "application/json", JSON.stringify(claims));
    else answer(res, 401, "text/plain", "unauthorized");
  },
};

createServer((req, res) => {
  const run = routes[`${req.method} ${req.url}`];
  if (run) run(req, res);
  else answer(res, 404, "text/plain", "no such route");
}).listen(Number(process.argv[2]), "127.0.0.1");
