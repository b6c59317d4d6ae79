---@meta host.server

-- Requests as handlers see them. The app module returns, for each service, a table of this shape:
--   { handle = fun(req, method, path): status, body, headers,
--     sockets = { [name] = { open = fun(ws), message = fun(ws, data, binary), close = fun(ws, code, reason) } },
--     streams = { [name] = { open = fun(stream), close = fun(stream) } } }
-- handle may return (status, body?, headers?) or have answered by one of the request's methods. method and path are
-- req.method and req.path, which every handler asks for.
-- An error raised by handle is logged with its traceback and answered with 500.

---@class host.server
local server = {}

---Header names are lower case. A value is a string, a number or an array of strings (one line each).
---@alias host.headers table<string, string|number|string[]>|host.prepared_headers

---Header lines made by server.headers.
---@class host.prepared_headers

---@class host.request
---@field method string
---@field path string decoded once, starting with "/"
---@field target string as it was sent
---@field query string without "?", "" if there is none
---@field scheme "http"|"https"
---@field host string the authority that was asked for
---@field version "1.0"|"1.1"|"2"
---@field remote string address of the client (behind a trusted proxy: what it says)
---@field service string
---@field id string 32 hex digits, the trace id of a valid traceparent or a new one
---@field length integer? announced length of the body
local req = {}

---@param name string lower case
---@return string? value several lines are joined with ", "
function req:header(name) end

---@return table<string, string> all headers, names in lower case
function req:headers() end

---The part of a resource that Range asks for, if If-Range has nothing against it; for GET only.
---@param etag string the resource's tag, quoted
---@param size integer its octets
---@return integer|false|nil first nil: send all of it; false: there is no such part (416)
---@return integer? last
function req:range(etag, size) end

---Waits for the whole body.
---@param limit? integer octets; default: setting body_limit
---@return string? body "" if there is none
---@return host.error? err "too_large" (413), "timeout" (408), "closed"
function req:body(limit) end

---Waits for the next piece of the body, for bodies that are not kept whole. A limit given at the first read replaces body_limit.
---@param limit? integer
---@return string? chunk nil at the end
---@return host.error? err as for body()
function req:read(limit) end

---Starts an answer of unknown length.
---@param status integer
---@param headers? host.headers
function req:start(status, headers) end

---Waits while the client is slower than the writer. Each 64 KiB begin the deadline of the task anew.
---@param chunk string
---@return boolean? ok
---@return host.error? err "closed"
function req:write(chunk) end

---Ends an answer that start() began.
---@param trailers? table<string, string>
function req:finish(trailers) end

---Answers with a file of a static folder of this service (setting services.NAME.static): type by extension, ETag, conditional requests, one range, sendfile.
---@param path string path below the folder
---@param headers? host.headers
---@return boolean? ok
---@return host.error? err "not_found"
function req:file(path, headers) end

---Sends 103 or another interim answer.
---@param status integer 100–199
---@param headers? host.headers
function req:interim(status, headers) end

---Names the route for logs, metrics and the watchdog.
---@param route string such as "GET /lessons/{id}"
function req:label(route) end

---A response with this many octets or more is compressed if the client takes it (gzip, br); false switches it off.
---@param least integer|false
function req:compress(least) end

---How long the handler's tasks go on after the client's FIN (half-close), default 0.5 s.
---@param seconds number
function req:linger(seconds) end

---Makes it a WebSocket. Answers 426 or 400 and returns nil if the request is no valid upgrade, 403 if its Origin is not allowed.
---@param options { handler: string, state?: table, protocols?: string[], headers?: host.headers } state is plain data
---@return host.websocket? ws
---@return host.error? err
function req:websocket(options) end

---Makes it a stream of server-sent events.
---@param options { handler: string, state?: table, headers?: host.headers }
---@return host.stream? stream
---@return host.error? err
function req:events(options) end

---The counts of this worker, for /metrics and status pages.
---@return { requests: integer, connections: integer, websockets: integer, streams: integer, generations: integer }
function server.counts() end

---@return { pid: integer, worker: integer, generation: integer, draining: boolean }
function server.whoami() end

---Checks header lines once, for answers that send the same ones every time: the result may stand where a table of headers
---may, cannot be changed and costs next to nothing. Raises if a line is not valid.
---@param headers table<string, string|number|string[]>
---@return host.prepared_headers
function server.headers(headers) end

---Ends this worker as a defect of the core would (SIGSEGV), for fault suites. Raises unless the setting fault_drills
---is true.
function server.crash() end

---Waits until this generation is replaced or the worker stops: long polls race it and answer early.
---@return string reason "reload" or "stop"
function server.swapped() end

return server
