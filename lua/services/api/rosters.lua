-- services/api/rosters.lua: a class's students from a file, read as it arrives: a batch of lines is in the database
-- before the next one is read. What is wrong with a line is told beside the counts; the other lines are taken in.

local csv = require "util.csv"
local errors = require "web.errors"
local guard = require "web.guard"
local json = require "host.json"
local oneroster = require "util.oneroster"
local roster = require "model.roster"
local schema = require "web.schema"
local shapes = require "services.api.shapes"
local task = require "host.task"
local upload = require "web.upload"

-- A file may have so many octets, lines and new passwords (each costs a hash); so many errors are told one by one.
local MAX_OCTETS, MAX_LINES, MAX_PASSWORDS, MAX_TOLD = 2 * 1024 * 1024, 5000, 200, 100
-- Passwords that are hashed side by side.
local HASHED_AT_ONCE = 4

local Import = schema.named("RosterImport", schema.object {
  lines = schema.describe(schema.integer(0), "Lines below the header"),
  created = schema.describe(schema.integer(0), "Accounts that were made"),
  updated = schema.describe(schema.integer(0), "Accounts that were corrected"),
  enrolled = schema.integer(0), removed = schema.integer(0),
  failed = schema.describe(schema.integer(0), "Lines that were not taken in"),
  errors = schema.array(schema.object {
    line = schema.integer(1), column = schema.text(1, 100), code = schema.text(1, 40), message = schema.text(1, 300),
  }, 0, MAX_TOLD),
})

local function broken(message, more)
  return nil, errors.new("invalid", message, { errors = more or {
    { pointer = "#/file", code = "csv", message = message },
  } })
end

local Job = {}
Job.__index = Job

function Job:refuse(line, wrong)
  if self.last_failed ~= line then self.total.failed = self.total.failed + 1 end
  self.last_failed = line
  local told = self.total.errors
  if #told < MAX_TOLD then
    told[#told + 1] = { line = line, column = wrong.column, code = wrong.code, message = wrong.message }
  end
end

-- Those of a batch whose passwords are needed.
function Job:with_new_passwords(batch)
  local with = {}
  for _, student in ipairs(batch) do
    if student.password then with[#with + 1] = student end
  end
  if not with[1] then return with end
  return roster.newcomers(self.class, with)
end

-- Hashes some passwords side by side. A password that cannot be one is its line's fault, not the import's.
local function hash_all(students)
  local failure
  local functions = {}
  for i, student in ipairs(students) do
    functions[i] = function()
      student.hash, student.wrong = roster.hash(student.password)
      if student.wrong and student.wrong.code == "unavailable" then failure = student.wrong end
    end
  end
  task.all(functions)
  return not failure, failure
end

-- Hashes the passwords of a batch, a few at a time.
function Job:hash(batch)
  local students, err = self:with_new_passwords(batch)
  if not students then return nil, err end
  for first = 1, #students, HASHED_AT_ONCE do
    local some = { unpack(students, first, math.min(first + HASHED_AT_ONCE - 1, #students)) }
    local ok, failure = hash_all(some)
    if not ok then return nil, failure end
  end
  return true
end

-- Who has a password that cannot be one is told and left out.
function Job:flush()
  local batch = self.batch
  self.batch = {}
  if not batch[1] then return true end
  local ok, err = self:hash(batch)
  if not ok then return nil, err end
  local good = {}
  for _, student in ipairs(batch) do
    if student.wrong then
      self:refuse(student.line, { column = "password", code = "invalid", message = student.wrong.message })
    else
      good[#good + 1] = student
    end
  end
  return roster.take(self.user, self.class, good, self.total, function(line, wrong) self:refuse(line, wrong) end)
end

-- The same person twice in one batch would be two accounts of one name: the second one is told.
function Job:add(row)
  local student, wrong = oneroster.student(self.columns, row.fields)
  if not student then
    for _, fault in ipairs(wrong) do self:refuse(row.line, fault) end
    return true
  end
  if self.seen[student.sourced_id] or self.seen["@" .. student.login] then
    self:refuse(row.line, { column = "sourcedId", code = "repeated", message = "sourcedId or username came before" })
    return true
  end
  self.seen[student.sourced_id], self.seen["@" .. student.login] = true, true
  if student.password then
    self.passwords = self.passwords + 1
    if self.passwords > MAX_PASSWORDS then
      self:refuse(row.line, { column = "password", code = "too_many",
        message = ("a file may bring %d passwords"):format(MAX_PASSWORDS) })
      return true
    end
  end
  student.line = row.line
  self.batch[#self.batch + 1] = student
  if #self.batch == roster.BATCH then return self:flush() end
  return true
end

function Job:rows(rows, failure)
  if not rows then return broken(failure) end
  for _, row in ipairs(rows) do
    if not self.columns then
      local columns, wrong = oneroster.header(row.fields)
      if not columns then
        for _, fault in ipairs(wrong) do
          fault.pointer, fault.message, fault.column = "#/file", fault.column .. ": " .. fault.message, nil
        end
        return broken("The header is not one of users.csv", wrong)
      end
      self.columns = columns
    else
      self.total.lines = self.total.lines + 1
      if self.total.lines > MAX_LINES then return broken(("a file may have %d lines"):format(MAX_LINES)) end
      local ok, err = self:add(row)
      if not ok then return nil, err end
    end
  end
  return true
end

---@param req api.importRoster
local function import(req)
  local class, err = roster.class(req.user, req.params.class_id)
  if not class then return nil, err end
  local job = setmetatable({
    user = req.user, class = class, batch = {}, seen = {}, passwords = 0,
    total = { lines = 0, created = 0, updated = 0, enrolled = 0, removed = 0, failed = 0, errors = json.array {} },
  }, Job)
  local reader = csv.new()
  local ok, failure = upload.read(req, MAX_OCTETS, {
    data = function(chunk) return job:rows(reader:feed(chunk)) end,
  })
  if not ok then return nil, failure end
  ok, failure = job:rows(reader:finish())
  if not ok then return nil, failure end
  if not job.columns then return broken("The file is empty") end
  ok, failure = job:flush()
  if not ok then return nil, failure end
  return job.total
end

return {
  ["/classes/{class_id}/roster"] = {
    POST = { "Take in a class's students from a file", guard.role("teacher", import),
      params = { class_id = schema.id(shapes.CLASSES) }, out = Import, status = 200, upload = upload.TYPE,
      errors = { "forbidden", unpack(upload.errors) }, id = "importRoster", tags = { "Classes" },
      description = "A form with one part `file`: users.csv with the column names of OneRoster 1.2, UTF-8, at most"
        .. " 2 MiB and 5,000 lines. sourcedId, username, givenName and familyName are needed; email, status and"
        .. " password are read, other columns of the standard are passed over. Accounts that are missing are made;"
        .. " status tobedeleted takes a student out of the class. Sending a file again changes nothing." },
  },
}
