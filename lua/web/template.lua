-- web/template.lua: HTML from templates, escaped by default, compiled to a Lua function once per generation.
--
--   {{ page.title }}      the value as text, escaped; nil and null are nothing
--   {* page.body *}       the value as HTML that is known to be safe
--   {% for _, row in ipairs(page.rows) do %} … {% end %}    Lua
--   {# a remark #}
--
-- In a template `page` is what render() was given and `include(name, page)` puts another template in. Besides these
-- there are only the helpers of new() and ipairs, pairs, tostring, tonumber, type, string, table and math.
-- A tag alone on its line leaves no line behind. Errors name the template and its line.

local buffer = require "string.buffer"
local html = require "util.html"
local json = require "host.json"

local escape, null = html.escape, json.null

local M = {}

local Templates = {}
Templates.__index = Templates

local closers = { ["{{"] = "}}", ["{*"] = "*}", ["{%"] = "%}", ["{#"] = "#}" }

-- Everything before the next tag, then the tag: kind, content and where it goes on.
local function next_tag(text, at, name)
  local start = text:find("{[{*%%#]", at)
  if not start then return text:sub(at) end
  local opener = text:sub(start, start + 1)
  local closer = closers[opener]
  local stop, last = text:find(closer, start + 2, true)
  if not stop then
    local _, line = text:sub(1, start):gsub("\n", "")
    error(("%s:%d: %s is not closed"):format(name, line + 1, opener), 0)
  end
  return text:sub(at, start - 1), opener, text:sub(start + 2, stop - 1), last + 1
end

-- A tag that writes nothing takes its whole line with it if it stands alone there.
local function swallow_line(before, text, at)
  local indent = before:match("\n[ \t]*$") or (before:match("^[ \t]*$"))
  local rest, stop = text:match("^([ \t]*\r?\n)()", at)
  if not indent or not rest then return before, at end
  return before:sub(1, #before - #indent) .. (indent:sub(1, 1) == "\n" and "\n" or ""), stop
end

local function line_feeds(text)
  return (text:gsub("[^\n]+", ""))
end

local PIECES_MAX = 40 -- of one put: a call has a limited number of arguments

-- Lua code with as many line feeds as the template, so that its line numbers are those of the template. Pieces that
-- follow one another without code between them are written by one call. What it writes with has names that templates
-- do not take.
local function translate(text, name)
  local out = { "local page, include, __out, __text, __raw = ... " }
  local at, pieces = 1, 0

  local function add(code)
    out[#out + 1] = code
  end

  local function finish()
    if pieces > 0 then add(") ") end
    pieces = 0
  end

  local function piece(code)
    if pieces == PIECES_MAX then finish() end
    add(pieces == 0 and "__out:put(" or ",")
    add(code)
    pieces = pieces + 1
  end

  local function literal(value)
    if value == "" then return end
    piece((("%q"):format(value):gsub("\\\n", "\\n")))
    add(line_feeds(value))
  end

  while at do
    local before, opener, content, after = next_tag(text, at, name)
    if opener == "{%" or opener == "{#" then
      local kept, onward = swallow_line(before, text, after)
      literal(kept)
      finish()
      add(opener == "{%" and content .. " " or line_feeds(content))
      add(line_feeds(text:sub(after, onward - 1)))
      after = onward
    else
      literal(before)
      if opener then piece((opener == "{{" and "__text(" or "__raw(") .. content .. ")") end
    end
    at = after
  end
  finish()
  return table.concat(out)
end

local base = {
  ipairs = ipairs, pairs = pairs, tostring = tostring, tonumber = tonumber, type = type,
  string = string, table = table, math = math,
}

---@param read fun(name: string): string? source of a template
---@param helpers? table<string, any> what templates may call
---@return table templates with render(name, page)
function M.new(read, helpers)
  local environment = {}
  for name, value in pairs(base) do environment[name] = value end
  for name, value in pairs(helpers or {}) do environment[name] = value end
  setmetatable(environment, { __index = function(_, name)
    error(("the template knows no %q"):format(tostring(name)), 2)
  end })
  return setmetatable({ read = read, environment = environment, compiled = {} }, Templates)
end

---Compiles a template, once.
---@param name string
---@return function
function Templates:get(name)
  local made = self.compiled[name]
  if made then return made end
  local text = self.read(name) or error(("there is no template %q"):format(name), 0)
  local fn, err = loadstring(translate(text, name), "@" .. name)
  if not fn then error(err, 0) end
  made = setfenv(fn, self.environment)
  self.compiled[name] = made
  return made
end

local function raw(value)
  if value == nil or value == null then return "" end
  return value
end

local function text(value)
  if type(value) == "string" then return escape(value) end
  if type(value) == "number" then return value end
  if value == nil or value == null then return "" end
  return escape(tostring(value))
end

---@param name string
---@param page table
---@return string
function Templates:render(name, page)
  local out = buffer.new()
  local function include(other, its_page)
    self:get(other)(its_page, include, out, text, raw)
  end
  include(name, page)
  return out:tostring()
end

return M
