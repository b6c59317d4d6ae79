-- services/content/query.lua: the parameters of a Content API request, read as leniently and as strictly as Ghost reads
-- them: unknown ones are ignored, bad ones are told.

local errors = require "web.errors"
local json = require "host.json"
local nql = require "services.content.nql"
local timer = require "host.timer"
local url = require "util.url"

local M = {}

--- The most rows that one answer may hold; limit=all gives no more.
M.MOST = 100
local DEFAULT_LIMIT = 15

local function invalid(message)
  return nil, errors.new("invalid", message)
end

--- The query as a table. A parameter that is given twice counts once, as it was given last. No text may hold NUL.
---@return table? given
---@return host.error? err
function M.parse(req)
  local given = not req.http.query:find("%00", 1, true) and url.parse(req.http.query)
  if not given then return nil, errors.new("malformed", "The query cannot be parsed.") end
  for name, value in pairs(given) do
    if type(value) == "table" and name ~= "key" then given[name] = value[#value] end
  end
  return given
end

-- A comma list as a set; nil if the parameter is not there.
local function words(text)
  if not text or text == "" then return nil end
  local set = {}
  for word in text:lower():gmatch("[^,%s]+") do set[word] = true end
  return set
end

local function limit_of(text)
  if not text or text == "" or text == "0" then return DEFAULT_LIMIT end
  if text == "all" then return "all" end
  local limit = text:match("^%d+$") and tonumber(text)
  if not limit then return nil end
  return math.min(limit, M.MOST)
end

local function page_of(text)
  if not text or text == "" then return 1 end
  local page = text:match("^%d+$") and #text < 8 and tonumber(text)
  return page and page >= 1 and page
end

-- "published_at desc, title" → { { "published_at", "desc" }, { "title", "asc" } }
local function order_of(text)
  if not text or text == "" then return {} end
  if text:find("[^%w_.,%s]") or #text > 500 then return nil end
  local order = {}
  for part in text:gmatch("[^,]+") do
    local field, direction = part:match("^%s*([%w_.]+)%s*(%a*)%s*$")
    direction = direction and direction:lower()
    if not field or (direction ~= "" and direction ~= "asc" and direction ~= "desc") then return nil end
    order[#order + 1] = { field, direction == "" and "asc" or direction }
  end
  return order
end

local FORMATS = { html = true, plaintext = true, mobiledoc = true, lexical = true }

local function formats_of(text)
  local set = words(text) or { html = true }
  for word in pairs(set) do
    if not FORMATS[word] then return nil end
  end
  return set
end

local function filter_of(text)
  if not text or text == "" then return nil end
  local tree, message = nql.parse(text, timer.wall())
  if not tree then
    return nil, errors.new("malformed", "Error parsing filter: " .. message .. ".")
  end
  return tree
end

--- What a request asks for.
---@param given table of M.parse
---@return table? asked { include, fields?, formats, limit: integer|"all", page, order, filter? }
---@return host.error? err
function M.read(given)
  local limit, page, order = limit_of(given.limit), page_of(given.page), order_of(given.order)
  local formats = formats_of(given.formats)
  if not limit then return invalid("Validation (matches) failed for limit.") end
  if not page then return invalid("Validation (matches) failed for page.") end
  if not order then return invalid("Validation (matches) failed for order.") end
  if not formats then return invalid("Validation (AllowedValues) failed for formats.") end
  local filter, err = filter_of(given.filter)
  if err then return nil, err end
  return {
    include = words(given.include) or {},
    fields = words(given.fields),
    formats = formats,
    limit = limit,
    page = page,
    order = order,
    filter = filter,
  }
end

--- The member meta.pagination.
function M.pagination(asked, total)
  local limit = asked.limit == "all" and math.max(total, 1) or asked.limit
  local pages = math.max(1, math.ceil(total / limit))
  return {
    page = asked.page,
    limit = asked.limit,
    pages = pages,
    total = total,
    next = asked.page < pages and asked.page + 1 or json.null,
    prev = asked.page > 1 and asked.page - 1 or json.null,
  }
end

return M
