-- services/content/nql.lua: Ghost's filter language (NQL) → a tree that model/post.lua turns into SQL. Pure.
--
--   filter := group { "," group }      "," is or, and binds loosest
--   group  := item { "+" item }        "+" is and
--   item   := "(" filter ")" | property ":" value
--   value  := ["-"] "[" literal { "," literal } "]" | [operator] literal
--
-- A tree is { op = "and" | "or", items } or { op = "compare", field, is, value }, where is one of
-- = != > >= < <= in not_in contains starts ends not_contains not_starts not_ends; value is a string, number, boolean,
-- M.null, or a list for in and not_in.

local M = {}

--- What the word null stands for.
M.null = {}

local MAX_LENGTH, MAX_DEPTH, MAX_TERMS = 2000, 20, 60
local SECONDS = { s = 1, m = 60, h = 3600, d = 86400, w = 604800, M = 2592000, y = 31536000 }

-- Longest first, so that ">=" is not read as ">".
local OPERATORS = {
  { "-~^", "not_starts" }, { "-~$", "not_ends" }, { "-~", "not_contains" },
  { "~^", "starts" }, { "~$", "ends" }, { "~", "contains" },
  { ">=", ">=" }, { "<=", "<=" }, { ">", ">" }, { "<", "<" }, { "-", "!=" },
}
local ON_TEXT = {
  contains = true, starts = true, ends = true, not_contains = true, not_starts = true, not_ends = true,
}

local Parser = {}
Parser.__index = Parser

-- Errors are raised inside the parser and turned into nil, err by M.parse; the table tells ours from defects.
function Parser:fail(message)
  error({ nql = true, message = ("%s at character %d"):format(message, self.at) }, 0)
end

function Parser:skip_spaces()
  self.at = self.text:match("^%s*()", self.at)
end

function Parser:take(plain)
  if self.text:sub(self.at, self.at + #plain - 1) ~= plain then return false end
  self.at = self.at + #plain
  return true
end

-- 'text', with \' and \" for quotes.
function Parser:quoted()
  local out, at = {}, self.at + 1
  while true do
    local run, stop, char = self.text:match("^([^'\"\\]*)()(.?)", at)
    out[#out + 1] = run
    if char == "'" then
      self.at = stop + 1
      local value = table.concat(out)
      if value == "" then self:fail("an empty string") end
      return value
    elseif char == "\\" then
      local escaped = self.text:sub(stop + 1, stop + 1)
      out[#out + 1] = (escaped == "'" or escaped == '"') and escaped or "\\" .. escaped
      at = stop + 2
    else
      self.at = stop
      self:fail(char == "" and "a string without an end" or "a double quote in a string")
    end
  end
end

-- now-30d and the like: the time that lies so far from now, as PostgreSQL reads it.
function Parser:relative(word)
  local sign, count, unit = word:match("^now([+-])(%d+)([dwMyhms])$")
  if not sign or #count > 6 then return nil end
  local offset = tonumber(count) * SECONDS[unit]
  local seconds = self.now + (sign == "-" and -offset or offset)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(seconds))
end

local WORDS = { ["null"] = M.null, ["true"] = true, ["false"] = false }

-- now+1d holds a plus, which would otherwise end the literal.
function Parser:bare()
  local word, stop = self.text:match("^(now[+-]%d+[dwMyhms])()", self.at)
  local value = word and self.text:find("^[%s+,()%[%]]", stop) or (word and stop > #self.text)
  if value then
    self.at = stop
    return self:relative(word) or word
  end
  word, stop = self.text:match("^([^%s'\"+,()><=%[%]~]+)()", self.at)
  if not word or word:sub(1, 1) == "-" then self:fail("expected a value") end
  if word:find("^[%a_][%w_.]*:") and not word:find("^%d") then self:fail("a colon in a value needs quotes") end
  self.at = stop
  if WORDS[word] ~= nil then return WORDS[word] end
  local digits = word:match("^(%d+)$") or word:match("^(%d+)%.%d+$")
  if digits and #digits <= 15 then return tonumber(digits) end
  return (word:gsub("\\(['\"])", "%1"))
end

function Parser:literal()
  self:skip_spaces()
  if self.text:sub(self.at, self.at) == "'" then return self:quoted() end
  return self:bare()
end

function Parser:list()
  local values = {}
  repeat
    values[#values + 1] = self:literal()
    if #values > MAX_TERMS then self:fail("too many values") end
    self:skip_spaces()
  until not self:take(",")
  if not self:take("]") then self:fail("expected ]") end
  return values
end

function Parser:value()
  if self:take("-[") then return "not_in", self:list() end
  if self:take("[") then return "in", self:list() end
  for _, operator in ipairs(OPERATORS) do
    if self:take(operator[1]) then
      if not ON_TEXT[operator[2]] then return operator[2], self:literal() end
      if self.text:sub(self.at, self.at) ~= "'" then self:fail("~ needs a quoted string") end
      return operator[2], self:quoted()
    end
  end
  return "=", self:literal()
end

function Parser:item(depth)
  self:skip_spaces()
  if self:take("(") then
    local inner = self:filter(depth + 1)
    if not self:take(")") then self:fail("expected )") end
    self:skip_spaces()
    return inner
  end
  local field, stop = self.text:match("^([%a_][%w_.]*):()", self.at)
  if not field then self:fail("expected a property and a colon") end
  self.at = stop
  self.terms = self.terms + 1
  if self.terms > MAX_TERMS then self:fail("too many conditions") end
  local is, value = self:value()
  self:skip_spaces()
  return { op = "compare", field = field, is = is, value = value }
end

-- Items between separators; one alone stands for itself.
function Parser:joined(separator, op, read, depth)
  local items = {}
  repeat
    items[#items + 1] = read(self, depth)
  until not self:take(separator)
  return #items == 1 and items[1] or { op = op, items = items }
end

function Parser:group(depth)
  return self:joined("+", "and", self.item, depth)
end

function Parser:filter(depth)
  if depth > MAX_DEPTH then self:fail("too many parentheses") end
  return self:joined(",", "or", self.group, depth)
end

--- Parses a filter.
---@param text string
---@param now number seconds since 1970, for now-30d
---@return table? tree
---@return string? message what is wrong, for the caller
function M.parse(text, now)
  if #text > MAX_LENGTH then return nil, "the filter is too long" end
  local parser = setmetatable({ text = text, at = 1, terms = 0, now = now }, Parser)
  local ok, tree = pcall(function()
    local parsed = parser:filter(1)
    if parser.at <= #text then parser:fail("unexpected text") end
    return parsed
  end)
  if ok then return tree end
  if type(tree) == "table" and tree.nql then return nil, tree.message end
  error(tree, 0)
end

return M
