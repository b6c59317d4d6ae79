// Talks to an MCP server with the official SDK's client and prints what came back as JSON.
//   node mcp.mjs http|ws URL TOKEN QUERY
import { load } from "./packages.mjs";

const { Client } = load("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = load("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { WebSocketClientTransport } = load("@modelcontextprotocol/sdk/client/websocket.js");
const WebSocket = load("ws");

const [kind, url, token, query] = process.argv.slice(2);

// The SDK's WebSocket client knows no headers; ours takes the token from the subprotocols, as a browser would send it.
globalThis.WebSocket = class extends WebSocket {
  constructor(address, protocol) {
    super(address, [protocol, `bearer.${token}`]);
  }
};

const transport = kind === "ws"
  ? new WebSocketClientTransport(new URL(url))
  : new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } });

const client = new Client({ name: "flow", version: "1" });
await client.connect(transport);
const { tools } = await client.listTools();
const found = await client.callTool({ name: "search_lessons", arguments: { query } });
const refused = await client.callTool({ name: "read_lesson", arguments: { lesson_id: "no id" } });
console.log(JSON.stringify({
  server: client.getServerVersion(), tools: tools.map((tool) => tool.name), found, refused,
}));
if (kind === "http") await transport.terminateSession();
await client.close();
