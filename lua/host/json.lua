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

---As encode, with the members of objects in the order of their names: equal values are one text, for digests and
---comparing, whatever order they were made in.
---@param value any
---@return string
function json.canonical(value) end

---A function that writes values as JSON by a plan: of each object the planned members and no others, in the plan's
---order; maps and what has no plan as canonical does. A plan is "any", or a table with kind "object" and members
---{ name, plan, absence } (absence says what stands for nil and null: "null", "nothing" or "fault", which raises), with
---kind "list" or "map" and the plan of the entries, or with kind "variant", the name of the member that tells them apart,
---and { value, plan } for each.
---@param plan "any"|table
---@return fun(value: any): string
function json.writer(plan) end

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
