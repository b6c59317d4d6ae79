-- util/csv.lua: comma-separated values (RFC 4180) as they arrive: feed pieces of any size, take whole rows, keep no
-- more than one row. A line feed alone ends a line too; a byte order mark in front is passed over.
--
--        ┌────────── , ──────────┐
--        v                       │
--   field start ──other──> plain ┤        reader.state names where the text has come to
--        │ "                     │
--        v                       │
--      quoted ──"──> closed ── , ┘  (closed and " again: a quotation mark, back to quoted)

local M = {}

local find, sub, byte = string.find, string.sub, string.byte

local Reader = {}
Reader.__index = Reader

---@param limits? { columns?: integer, field?: integer } most fields of a row (64) and most octets of a field (1000)
---@return table reader
function M.new(limits)
  limits = limits or {}
  return setmetatable({
    columns = limits.columns or 64, longest = limits.field or 1000,
    state = "start", field = "", row = {}, count = 0, line = 1, row_line = 1, fresh = true, kept = "",
  }, Reader)
end

local function fail(self, message)
  self.failed = ("line %d: %s"):format(self.line, message)
  return nil, self.failed
end

local function add(self, text)
  if #self.field + #text > self.longest then return fail(self, "a field is too long") end
  self.field = self.field .. text
  return true
end

local function end_field(self)
  self.count = self.count + 1
  if self.count > self.columns then return fail(self, "too many columns") end
  self.row[self.count] = self.field
  self.field, self.state = "", "start"
  return true
end

-- An empty line is no row.
local function end_row(self, rows)
  if not end_field(self) then return nil, self.failed end
  if self.count > 1 or self.row[1] ~= "" then
    rows[#rows + 1] = { line = self.row_line, fields = self.row }
  end
  self.line = self.line + 1
  self.row, self.count, self.row_line = {}, 0, self.line
  return true
end

-- From a place inside quotation marks to behind them or the end of the text.
local function quoted(self, text, at)
  local stop = find(text, '"', at, true)
  local piece = sub(text, at, stop and stop - 1 or -1)
  local _, feeds = piece:gsub("\n", "")
  self.line = self.line + feeds
  if not add(self, piece) then return nil end
  if not stop then return #text + 1 end
  self.state = "closed"
  return stop + 1
end

local QUOTE, COMMA, CR, LF = byte('"'), byte(","), byte("\r"), byte("\n")

-- What follows a field, or goes on with it.
local function unquoted(self, text, at, rows)
  local octet = byte(text, at)
  if octet == COMMA then return end_field(self) and at + 1 end
  if octet == LF then return end_row(self, rows) and at + 1 end
  if octet == CR then
    if byte(text, at + 1) ~= LF then return fail(self, "a carriage return stands alone") end
    return end_row(self, rows) and at + 2
  end
  if octet == QUOTE then
    if self.state == "plain" then return fail(self, "a quotation mark stands inside a field") end
    if self.state == "closed" and not add(self, '"') then return nil end
    self.state = "quoted"
    return at + 1
  end
  if self.state == "closed" then return fail(self, "text follows a quotation mark") end
  local stop = find(text, '[,"\r\n]', at) or #text + 1
  self.state = "plain"
  return add(self, sub(text, at, stop - 1)) and stop
end

-- A carriage return waits for what comes after it.
local function held_back(self, text, last)
  text, self.kept = self.kept .. text, ""
  if not last and sub(text, -1) == "\r" and self.state ~= "quoted" then
    text, self.kept = sub(text, 1, -2), "\r"
  end
  if self.fresh then
    if #text < 3 and not last then
      self.kept = text .. self.kept
      return ""
    end
    self.fresh = false
    if sub(text, 1, 3) == "\239\187\191" then text = sub(text, 4) end
  end
  return text
end

local function run(self, text, last)
  if self.failed then return nil, self.failed end
  text = held_back(self, text, last)
  local rows, at = {}, 1
  while at <= #text do
    if self.state == "quoted" then
      at = quoted(self, text, at)
    else
      at = unquoted(self, text, at, rows)
    end
    if not at then return nil, self.failed end
  end
  return rows
end

---@param text string the next piece
---@return { line: integer, fields: string[] }[]? rows that are complete now; line is where one begins, from 1
---@return string? failure names the line; feed no more
function Reader:feed(text)
  return run(self, text, false)
end

---The last row, if no line feed ended it.
---@return { line: integer, fields: string[] }[]? rows
---@return string? failure
function Reader:finish()
  local rows, err = run(self, "", true)
  if not rows then return nil, err end
  if self.state == "quoted" then return fail(self, "the text ends inside quotation marks") end
  if self.count > 0 or self.state ~= "start" then
    if not end_row(self, rows) then return nil, self.failed end
  end
  return rows
end

return M
