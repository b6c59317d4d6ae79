// The routes of tests/bench/service/bench.lua with fastify, pg, ioredis, fast-jwt and ws, as one would write them who
// wants them fast: pg sends ahead of answers (pipeline), ioredis too, answers have schemas where they are objects.
import { createVerifier } from "fast-jwt";
import Fastify from "fastify";
import { Redis } from "ioredis";
import pg from "pg";
import { WebSocketServer } from "ws";

const { BENCH_PORT, BENCH_DB_POOL, BENCH_REDIS_PORT, BENCH_JWT_SECRET } = process.env;
const SELECT = "SELECT id, randomnumber FROM world WHERE id = $1";
const UPDATE =
  "UPDATE world SET randomnumber = new.n FROM (SELECT unnest($1::integer[]) AS id, unnest($2::integer[]) AS n" +
  " ORDER BY 1) AS new WHERE world.id = new.id";
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

const size = Number(BENCH_DB_POOL);
const pool = new pg.Pool({ max: size, min: size, idleTimeoutMillis: 0, pipeline: true });
const redis = new Redis({ host: "127.0.0.1", port: Number(BENCH_REDIS_PORT), enableAutoPipelining: true });
const verify = createVerifier({ key: BENCH_JWT_SECRET, algorithms: ["HS256"] });
const app = Fastify({ keepAliveTimeout: 300000 });

const random = () => 1 + Math.floor(Math.random() * 10000);
const escaped = (text) => (/[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (one) => ENTITIES[one]) : text);

async function world(client, id) {
  const { rows } = await client.query({ name: "world", text: SELECT, values: [id] });
  return { id: rows[0].id, randomNumber: rows[0].randomnumber };
}

async function held(run) {
  const client = await pool.connect();
  try {
    return await run(client);
  } finally {
    client.release();
  }
}

function distinct(n) {
  const ids = new Set();
  while (ids.size < n) ids.add(random());
  return [...ids].sort((a, b) => a - b);
}

const returns = (schema) => ({ schema: { response: { 200: schema } } });
const World = { type: "object", properties: { id: { type: "integer" }, randomNumber: { type: "integer" } } };
const Message = { type: "object", properties: { message: { type: "string" } } };
const Worlds = { type: "array", items: World };

app.get("/plaintext", (req, reply) => reply.type("text/plain").send("Hello, World!"));
app.get("/json", returns(Message), (req, reply) => reply.send({ message: "Hello, World!" }));
app.post("/json-large", (req, reply) => reply.send(req.body));
app.get("/db1", returns(World), () => world(pool, random()));
app.get("/db20", returns(Worlds), () =>
  held((client) => Promise.all(Array.from({ length: 20 }, () => world(client, random())))));

app.get("/updates5", returns(Worlds), () =>
  held(async (client) => {
    const ids = distinct(5);
    const worlds = await Promise.all(ids.map((id) => world(client, id)));
    for (const one of worlds) one.randomNumber = random();
    await client.query({ name: "update", text: UPDATE, values: [ids, worlds.map((one) => one.randomNumber)] });
    return worlds;
  }));

app.get("/fortunes", async (req, reply) => {
  const { rows } = await pool.query({ name: "fortunes", text: "SELECT id, message FROM fortune" });
  rows.push({ id: 0, message: "Additional fortune added at request time." });
  rows.sort((a, b) => (a.message < b.message ? -1 : 1));
  const lines = rows.map((row) => `<tr><td>${row.id}</td><td>${escaped(row.message)}</td></tr>`).join("");
  reply.type("text/html; charset=utf-8");
  return "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>" +
    `<tr><th>id</th><th>message</th></tr>${lines}</table></body></html>`;
});

app.get("/jwt", (req, reply) => {
  const header = req.headers.authorization ?? "";
  try {
    if (!header.startsWith("Bearer ")) throw new Error("no token");
    reply.send(verify(header.slice(7)));
  } catch {
    reply.code(401).type("text/plain").send("unauthorized");
  }
});

app.get("/redis1", async (req, reply) => {
  reply.type("text/plain");
  return redis.get("bench:key");
});

// /ws gives back what comes, /room gives it to everybody there.
const options = { noServer: true, perMessageDeflate: false };
const echo = new WebSocketServer(options);
const room = new WebSocketServer(options);
echo.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, binary) => socket.send(data, { binary }));
});
room.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, binary) => {
    for (const client of room.clients) client.send(data, { binary });
  });
});
app.server.on("upgrade", (req, socket, head) => {
  const server = req.url === "/room" ? room : echo;
  server.handleUpgrade(req, socket, head, (client) => server.emit("connection", client, req));
});

process.on("SIGTERM", () => process.exit(0));
await app.listen({ host: "127.0.0.1", port: Number(BENCH_PORT), backlog: 1024 });
