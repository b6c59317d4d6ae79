-- web/cursor.lua: cursors of lists. A page goes on after the last row of the one before (model/page.lua); where that is
-- travels as an opaque text, signed, so that a client can neither read an order into it nor point it elsewhere.
--
--   query = cursor.query({ "name", "created_at" }, { class_id = schema.optional(schema.id()) })
--   …
--   return cursor.list(req, function(page) return class.list(req.user, req.query, page) end)

local crypto = require "host.crypto"
local errors = require "web.errors"
local json = require "host.json"
local schema = require "web.schema"

local M = {}

local key

-- The signing key is made at the first use: requiring this module needs no settings.
local function signing_key()
  if not key then
    local settings = require "host.settings"
    key = crypto.hmac("sha256", settings.token_secret, "cursor")
  end
  return key
end

local function sign(text)
  return crypto.base64url(crypto.hmac("sha256", signing_key(), text):sub(1, 12))
end

---@param scope string what the cursor is good for
---@param values any[] sort values of the last row
---@return string
function M.encode(scope, values)
  local body = crypto.base64url(json.encode(json.array(values)))
  return body .. "." .. sign(scope .. "\n" .. body)
end

---@param scope string
---@param text string
---@return any[]? values nil if it was not made here for this scope
function M.decode(scope, text)
  local body, mac = text:match("^([%w_-]+)%.([%w_-]+)$")
  if not body or not crypto.equal(mac, sign(scope .. "\n" .. body)) then return nil end
  local octets = crypto.unbase64url(body)
  return octets and json.decode(octets) or nil
end

---The declared query parameters of a list.
---@param sorts string[] members that it may be sorted by; the first is not the default: that is the model's
---@param filters? table<string, table> more parameters
---@return table<string, table>
function M.query(sorts, filters)
  local query = {
    limit = schema.describe(schema.optional(schema.integer(1, 100), 20), "Most rows of the page"),
    cursor = schema.describe(schema.optional(schema.text(1, 1000)), "What `next` of the page before said"),
  }
  if #sorts > 0 then
    local values = {}
    for _, name in ipairs(sorts) do
      values[#values + 1] = name
      values[#values + 1] = "-" .. name
    end
    query.sort = schema.describe(schema.optional(schema.array(schema.enum(values), 1, #sorts)),
      "Order, `-` for descending")
  end
  for name, declared in pairs(filters or {}) do query[name] = declared end
  return query
end

-- "name,-created_at" → { { "name", "asc" }, { "created_at", "desc" } }. A column that comes again orders no further.
local function order(sort)
  local keys, seen = {}, {}
  for _, name in ipairs(sort) do
    local descending = name:sub(1, 1) == "-"
    local column = descending and name:sub(2) or name
    if not seen[column] then keys[#keys + 1] = { column, descending and "desc" or "asc" } end
    seen[column] = true
  end
  return keys
end

local function refuse(parameter, code, message)
  return nil, errors.new("invalid", message, {
    errors = { { parameter = parameter, code = code, message = message } },
  })
end

-- What the next page may ask otherwise.
local free = { limit = true, cursor = true, fields = true }

-- What a cursor is good for: this list, as this person sees it, in this order and with these filters.
local function scope_of(req)
  local asked = {}
  for name, value in pairs(req.query) do
    if not free[name] then asked[name] = value end
  end
  return json.canonical { path = req.path, user = req.user and req.user.id, query = asked }
end

---What the model's list functions take as page.
---@param req table with query as declared by M.query
---@return { limit: integer, sort: table[]?, after: any[]? }? page
---@return host.error? err
function M.page(req)
  local query = req.query
  local page = { limit = query.limit }
  if query.sort then page.sort = order(query.sort) end
  if query.cursor then
    page.after = M.decode(scope_of(req), query.cursor)
    if not page.after then return refuse("cursor", "cursor", "it was not made for this list, order and filters") end
  end
  return page
end

---The answer's body of a list that a model returned.
---@param req table
---@param list { items: table[], next: any[]? }
---@return table
function M.answer(req, list)
  return { items = list.items, next = list.next and M.encode(scope_of(req), list.next) or json.null }
end

---Runs a model's list function for a request.
---@param req table
---@param list fun(page: table): table?, host.error?
function M.list(req, list)
  local page, err = M.page(req)
  if not page then return nil, err end
  local found
  found, err = list(page)
  if not found then return nil, err end
  return M.answer(req, found)
end

return M
