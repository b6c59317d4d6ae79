---@meta host.http

-- HTTP client (libcurl) on the loop. A request is cancelled with its task.

---@class host.http
local http = {}

---@class host.http.options
---@field url string http or https
---@field method? string default GET, or POST with a body
---@field headers? host.headers
---@field body? string
---@field timeout? number seconds for the whole, default 30; streaming: for the headers
---@field idle_timeout? number seconds without an octet, default 30
---@field limit? integer octets of the answer's body, default 16 MiB
---@field stream? boolean the body is read piece by piece
---@field redirects? integer default 0
---@field public_only? boolean refuse loopback, private and link-local addresses

---@class host.http.response
---@field status integer
---@field headers table<string, string> lower case
---@field body string? unless streamed
local response = {}

---Waits.
---@param options host.http.options
---@return host.http.response? response
---@return host.error? err "timeout", "refused", "dns", "tls", "closed", "too_large", "forbidden", "bad_url"
function http.request(options) end

---Waits for the next piece of a streamed body.
---@return string? chunk nil at the end
---@return host.error? err
function response:read() end

function response:close() end

return http
