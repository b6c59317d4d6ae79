---@meta host.form

-- multipart/form-data (RFC 7578) as it arrives: feed what req:read() gives, take what happened, keep nothing.

---@class host.form
local form = {}

---@param content_type string the request's field
---@param parts? integer at most so many, default 100
---@return host.form.reader? reader
---@return { code: "form", message: string }? err answer 400
function form.new(content_type, parts) end

---@class host.form.event
---@field kind "part"|"data"|"last"|"end" a part begins, a piece of its content, the part is complete, the form is
---@field name string? of a part
---@field filename string? of a part that is a file: what the client calls it, never a path to write to
---@field type string? of a part: what the client says it is
---@field data string? of data

---@class host.form.reader
local reader = {}

---@param chunk string
---@return host.form.event[]? events
---@return { code: "form", message: string }? err answer 400; feed no more
function reader:feed(chunk) end

---Whether the closing delimiter was read: a body that ends before it is truncated.
---@return boolean
function reader:complete() end

return form
