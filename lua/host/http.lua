---@meta host.http

-- HTTP client (libcurl) on the loop. A request is cancelled with its task.

---@class host.http
local http = {}

---@class host.http.options
---@field url string http or https
---@field method? string default GET, or POST with a body
---@field headers? table<string, string|string[]> not Host, nor those that frame the message
---@field body? string
---@field timeout? number seconds for the whole, default 30; streaming: for the headers
---@field idle_timeout? number seconds without an octet, default 30
---@field limit? integer octets of the answer's body, default 16 MiB; streaming: none
---@field stream? boolean the body is read piece by piece
---@field redirects? integer default 0
---@field public_only? boolean refuse addresses that are not of the public Internet: for URLs that users give

---@class host.http.response
---@field status integer
---@field headers table<string, string> names in lower case; equal ones joined by ", "
---@field body string? unless streamed
local response = {}

---Waits.
---@param options host.http.options
---@return host.http.response? response
---@return host.error? err "timeout", "refused", "dns", "tls", "closed", "too_large", "forbidden", "bad_url"
function http.request(options) end

---Waits for the next piece of a streamed body. What nobody reads is not fetched: the server waits.
---@return string? chunk nil at the end
---@return host.error? err
function response:read() end

function response:close() end

return http
