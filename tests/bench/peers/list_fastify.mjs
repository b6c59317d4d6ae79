// GET /api/v1/classes of the API with fastify, pg and fast-jwt: token, parameters, statement, cursor and answer are
// those of toolboxd (tests/bench/list_peers.py).
import { createHmac } from "node:crypto";
import { createVerifier } from "fast-jwt";
import Fastify from "fastify";
import pg from "pg";

const { LIST_PORT, LIST_POOL, LIST_SCOPE, LIST_STATEMENT, TOKEN_SECRET } = process.env;
const { text, values } = JSON.parse(LIST_STATEMENT);
const ended = new Set(); // sessions that have ended: filled by NOTIFY in a whole server
const verify = createVerifier({ key: TOKEN_SECRET, algorithms: ["HS256"], allowedIss: "toolboxai", allowedAud: "api" });
const cursorKey = createHmac("sha256", TOKEN_SECRET).update("cursor").digest();

// Timestamps as text: "2026-01-05 08:00:00.5+00" → "2026-01-05T08:00:00.5Z".
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (at) => at.replace(" ", "T").replace("+00", "Z"));
const size = Number(LIST_POOL);
const pool = new pg.Pool({ max: size, min: size, idleTimeoutMillis: 0, pipeline: true });

function cursor(last) {
  const body = Buffer.from(JSON.stringify([last])).toString("base64url");
  const mac = createHmac("sha256", cursorKey).update(`${LIST_SCOPE}\n${body}`).digest().subarray(0, 12);
  return `${body}.${mac.toString("base64url")}`;
}

const string = { type: "string" };
const nullable = { type: "string", nullable: true };
const Class = {
  type: "object",
  properties: {
    id: string, school_id: nullable, teacher_id: string, name: string, subject: string, grade: { type: "integer" },
    archived_at: nullable, join_code: string, created_at: string, updated_at: string,
  },
};
const schema = {
  querystring: {
    type: "object",
    additionalProperties: false,
    properties: {
      limit: { type: "integer", minimum: 1, maximum: 100, default: 20 },
      archived: { type: "boolean", default: false },
    },
  },
  response: { 200: { type: "object", properties: { items: { type: "array", items: Class }, next: nullable } } },
};

const app = Fastify();

async function signedIn(req, reply) {
  const header = req.headers.authorization ?? "";
  try {
    if (!header.startsWith("Bearer ")) throw new Error("no token");
    req.user = verify(header.slice(7));
    if (ended.has(req.user.sid)) throw new Error("ended");
  } catch {
    return reply.code(401).header("WWW-Authenticate", "Bearer").send({ status: 401, title: "Unauthorized" });
  }
}

app.get("/api/v1/classes", { schema, onRequest: signedIn }, async (req) => {
  const { rows } = await pool.query({ name: "classes", text, values });
  const items = rows.slice(0, req.query.limit);
  return { items, next: rows.length > items.length ? cursor(items.at(-1).id) : null };
});

process.on("SIGTERM", () => process.exit(0));
await app.listen({ host: "127.0.0.1", port: Number(LIST_PORT), backlog: 1024 });
