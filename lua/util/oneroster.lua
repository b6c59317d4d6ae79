-- util/oneroster.lua: rows of users.csv as OneRoster 1.2 (CSV binding, §4.13) names its columns, read as students.

local utf8 = require "util.utf8"

local M = {}

-- Every column that the standard has; those that we read say what they may hold.
local columns = {
  sourcedId = { required = true, max = 255 },
  username = { required = true, max = 64, pattern = "^%w[%w._@+-][%w._@+-]+$",
    says = "3 to 64 letters, digits and . _ @ + -" },
  givenName = { required = true, max = 99 },
  familyName = { required = true, max = 99 },
  email = { max = 254, pattern = "^[%w!#$%%&'*+/=?^_`{|}~.-]+@[%w-][%w.-]*%.[%w-]+$", says = "an email address" },
  status = { max = 20 },
  password = { max = 128 },
}
for name in ([[dateLastModified enabledUser userIds middleName identifier sms phone agentSourcedIds grades
  userMasterIdentifier preferredGivenName preferredMiddleName preferredFamilyName primaryOrgSourcedId pronouns
  resourceSourcedIds]]):gmatch("%S+") do
  columns[name] = columns[name] or {}
end

local read = { "sourcedId", "username", "givenName", "familyName", "email", "status", "password" }
local required = { "sourcedId", "username", "givenName", "familyName" }

---Where each column stands.
---@param fields string[] the first row
---@return table<string, integer>? positions
---@return { column: string, code: string, message: string }[]? errors
function M.header(fields)
  local at, errors = {}, {}
  local function refuse(column, code, message)
    errors[#errors + 1] = { column = utf8.cut(column, 100), code = code, message = message }
  end
  for i, name in ipairs(fields) do
    if not utf8.valid(name) then
      refuse("?", "unknown", "the name of column " .. i .. " is no UTF-8")
    elseif at[name] then
      refuse(name, "repeated", "the column is there twice")
    elseif columns[name] then
      at[name] = i
    elseif name:sub(1, 9) ~= "metadata." then
      refuse(name, "unknown", "OneRoster 1.2 has no such column in users.csv")
    end
  end
  for _, name in ipairs(required) do
    if not at[name] then refuse(name, "required", "the column is missing") end
  end
  if errors[1] then return nil, errors end
  return at
end

local function fault(name, value)
  local rule = columns[name]
  if value == "" then return rule.required and "required", "a value is missing" end
  local length = utf8.length(value)
  if not length then return "encoding", "this is no UTF-8" end
  if value:find("[%z\1-\31\127]") then return "text", "control characters are not allowed" end
  if length > rule.max then return "too_long", ("at most %d characters"):format(rule.max) end
  if rule.pattern and not value:find(rule.pattern) then return "format", "expected " .. rule.says end
end

local function trim(text)
  return (text:gsub("^%s+", ""):gsub("%s+$", ""))
end

---@class util.oneroster.student
---@field sourced_id string
---@field login string lower case
---@field name string given and family name
---@field email string?
---@field password string?
---@field gone boolean status is tobedeleted

---@param at table<string, integer> what M.header returned
---@param fields string[]
---@return util.oneroster.student? student
---@return { column: string, code: string, message: string }[]? errors all that is wrong with the row
function M.student(at, fields)
  local values, errors = {}, {}
  for _, name in ipairs(read) do
    local value = at[name] and fields[at[name]] or ""
    if name ~= "password" then value = trim(value) end
    local code, message = fault(name, value)
    if code then errors[#errors + 1] = { column = name, code = code, message = message } end
    values[name] = value ~= "" and value or nil
  end
  local status = values.status or "active"
  if status ~= "active" and status ~= "tobedeleted" then
    errors[#errors + 1] = { column = "status", code = "format", message = "expected active or tobedeleted" }
  end
  if errors[1] then return nil, errors end
  return {
    sourced_id = values.sourcedId, login = values.username:lower(),
    name = values.givenName .. " " .. values.familyName, email = values.email and values.email:lower(),
    password = values.password, gone = status == "tobedeleted",
  }
end

return M
