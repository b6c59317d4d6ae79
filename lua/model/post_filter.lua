-- model/post_filter.lua: the tree of a Ghost filter (services/content/nql.lua) → a condition on posts p, or on tags or
-- authors r, as a fragment for model/sql.lua. Only the members listed here can be asked for.

local M = {}

local POSTS = {
  id = { "p.id", "text" }, uuid = { "p.uuid::text", "text" }, title = { "p.title", "text" },
  slug = { "p.slug", "text" }, html = { "p.html", "text" }, plaintext = { "p.plaintext", "text" },
  custom_excerpt = { "p.custom_excerpt", "text" }, feature_image = { "p.feature_image", "text" },
  visibility = { "p.visibility", "text" }, featured = { "p.featured", "boolean" },
  published_at = { "p.published_at", "time" }, created_at = { "p.created_at", "time" },
  updated_at = { "p.updated_at", "time" },
}

local COLUMNS = {
  posts = POSTS,
  tags = {
    id = { "r.id", "text" }, name = { "r.name", "text" }, slug = { "r.slug", "text" },
    description = { "r.description", "text" }, visibility = { "r.visibility", "text" },
  },
  authors = {
    id = { "r.id", "text" }, name = { "r.name", "text" }, slug = { "r.slug", "text" }, bio = { "r.bio", "text" },
    website = { "r.website", "text" }, location = { "r.location", "text" },
  },
}

local TAGS = "select 1 from post_tags x join tags t on t.id = x.tag_id where x.post_id = p.id"
local AUTHORS = "select 1 from post_authors x join authors a on a.id = x.author_id where x.post_id = p.id"

-- What a post has many of: a condition on one of them, inside exists(…).
local RELATED_POSTS = {
  ["tags.slug"] = { TAGS, "t.slug" }, ["tags.name"] = { TAGS, "t.name" }, ["tags.id"] = { TAGS, "t.id" },
  ["tags.visibility"] = { TAGS, "t.visibility" },
  ["authors.slug"] = { AUTHORS, "a.slug" }, ["authors.name"] = { AUTHORS, "a.name" },
  ["authors.id"] = { AUTHORS, "a.id" },
  primary_tag = { TAGS .. " and t.visibility = 'public' and x.position = 1", "t.slug" },
  primary_author = { AUTHORS .. " and x.position = 1", "a.slug" },
}

local RELATED = { posts = RELATED_POSTS, tags = {}, authors = {} }

local ALIAS = { tag = "tags.slug", tags = "tags.slug", author = "authors.slug", authors = "authors.slug" }

local COMPARED = { ["="] = "=", ["!="] = "<>", [">"] = ">", [">="] = ">=", ["<"] = "<", ["<="] = "<=" }
local LIKE = {
  contains = { "%", "%" }, starts = { "", "%" }, ends = { "%", "" },
  not_contains = { "%", "%" }, not_starts = { "", "%" }, not_ends = { "%", "" },
}
local OPPOSITE = {
  ["!="] = "=", not_in = "in", not_contains = "contains", not_starts = "starts", not_ends = "ends",
}

-- Raised inside, returned by M.condition.
local function refuse(message)
  error({ refused = true, message = message }, 0)
end

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

-- PostgreSQL raises on a time that does not exist: it is refused here, with a sentence.
local function is_time(text)
  local year, month, day, rest = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$")
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if not year or year < 1 or not DAYS[month] or day < 1 then return false end
  local leap = month == 2 and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  if day > DAYS[month] + (leap and 1 or 0) then return false end
  if rest == "" then return true end
  local hour, minute, second, zone = rest:match("^[T ](%d%d):(%d%d):?(%d?%d?)%.?%d*(.*)$")
  if not hour or tonumber(hour) > 23 or tonumber(minute) > 59 or (tonumber(second) or 0) > 59 then return false end
  return zone == "" or zone == "Z" or zone:find("^[+-][01]%d:?[0-5]%d$") ~= nil
end

local function typed(kind, field, value)
  if kind == "boolean" then
    if type(value) ~= "boolean" then refuse(field .. " is true or false") end
    return "?::boolean", value
  end
  if kind == "time" then
    if type(value) ~= "string" or not is_time(value) then refuse(field .. " is a time such as 2026-01-31 08:00:00") end
    return "?::timestamptz", value
  end
  return "?::text", tostring(value)
end

local function escape_like(text)
  return (text:gsub("[\\%%_]", "\\%0"))
end

-- A comparison of one column; put appends to the values of the statement.
local function compare(column, kind, field, is, value, null, put)
  local like = LIKE[is]
  if like then
    if kind ~= "text" then refuse("~ is for texts, and " .. field .. " is none") end
    put(like[1] .. escape_like(value) .. like[2])
    return column .. (OPPOSITE[is] and " not" or "") .. " ilike ?"
  end
  if is == "in" or is == "not_in" then
    local holes = {}
    for i, one in ipairs(value) do
      if one == null then refuse("null cannot be in a list") end
      local hole, parameter = typed(kind, field, one)
      holes[i] = hole
      put(parameter)
    end
    return ("%s %s (%s)"):format(column, is == "in" and "in" or "not in", table.concat(holes, ", "))
  end
  if value == null then
    if is ~= "=" and is ~= "!=" then refuse("null can only be compared for being equal") end
    return column .. (is == "=" and " is null" or " is not null")
  end
  local hole, parameter = typed(kind, field, value)
  put(parameter)
  return ("%s %s %s"):format(column, COMPARED[is], hole)
end

local function condition(kind, node, null, put)
  if node.op ~= "compare" then
    local parts = {}
    for i, item in ipairs(node.items) do parts[i] = condition(kind, item, null, put) end
    return "(" .. table.concat(parts, " " .. node.op .. " ") .. ")"
  end
  local field = kind == "posts" and ALIAS[node.field] or node.field
  -- Which posts are public is not the caller's choice.
  if field == "status" or field == "type" then return "true" end
  local column = COLUMNS[kind][field]
  if column then return compare(column[1], column[2], field, node.is, node.value, null, put) end
  local related = RELATED[kind][field]
  if not related then refuse("there is no member " .. node.field) end
  -- "tag is not a" means "has no tag a", not "has some other tag".
  local positive = OPPOSITE[node.is]
  local absent = node.value == null and node.is == "="
  if node.value == null then
    if node.is ~= "=" and node.is ~= "!=" then refuse("null can only be compared for being equal") end
    return (absent and "not " or "") .. "exists (" .. related[1] .. ")"
  end
  local inner = compare(related[2], "text", field, positive or node.is, node.value, null, put)
  return (positive and "not " or "") .. "exists (" .. related[1] .. " and " .. inner .. ")"
end

--- The fragment of a filter.
---@param kind "posts"|"tags"|"authors"
---@param filter table
---@param null any what stands for null in it
---@return table? fragment { text, values… }
---@return string? message what cannot be asked
function M.condition(kind, filter, null)
  local values = {}
  local ok, text = pcall(condition, kind, filter, null, function(value) values[#values + 1] = value end)
  if ok then return { text, unpack(values) } end
  if type(text) == "table" and text.refused then return nil, text.message end
  error(text, 0)
end

return M
