---@meta host.json

-- Strict JSON (RFC 8259): no duplicate keys, no invalid UTF-8 or lone surrogates, at most 64 levels, numbers that a double
-- holds (an integer that it would round is refused).

---@class host.json
---@field null userdata
local json = {}

---Arrays carry a mark, so that [] stays [].
---@param text string
---@return any value
---@return { code: "json", message: string, offset: integer }? err offset in octets from 0
function json.decode(text) end

---Raises on what JSON cannot hold (functions, NaN, mixed tables, depth over 64), naming the path.
---@param value any
---@return string
function json.encode(value) end

---Marks a table as an array, so that an empty one is [].
---@generic T
---@param t T[]
---@return T[]
function json.array(t) end

---Whether encode would write it as an array: it is marked, or it has a first member.
---@param value any
---@return boolean
function json.is_array(value) end

return json
