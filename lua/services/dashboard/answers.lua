-- services/dashboard/answers.lua: the form of an attempt (views/attempt.html) read as the answers that model/grade.lua
-- marks. Its fields are made of the questions' ids, so no schema can know them; model and quiz limit what counts.
--
--   answer:QUESTION       a text, a choice's id, "true:" or "false:"
--   choices:QUESTION      the ids of the boxes that are checked, one field each
--   item:QUESTION:N       what stands at place N of an order, or in gap N
--   place:QUESTION:CHOICE the target that a choice is put on; "" for none

local json = require "host.json"
local url = require "util.url"

local M = {}

local MAX_FIELDS, MAX_TEXT, MAX_ITEMS = 1000, 1000, 30

-- Each adds one field to what is there of the answer, or returns nil if the field cannot be.
local readers = {}

function readers.answer(_, _, value)
  if value == "true:" then return true end
  if value == "false:" then return false end
  if type(value) == "string" then return value end
end

function readers.choices(_, _, value)
  return json.array(type(value) == "table" and value or { value })
end

function readers.item(before, part, value)
  local place = tonumber(part:match("^%d%d?$"))
  if not place or place < 1 or place > MAX_ITEMS or type(value) ~= "string" then return nil end
  local list = before or json.array {}
  for i = #list + 1, place do list[i] = "" end
  list[place] = value
  return list
end

function readers.place(before, part, value)
  if not part:find("^%w+$") or type(value) ~= "string" then return nil end
  local places = before or {}
  if value ~= "" then places[part] = value end
  return places
end

local function too_long(value)
  if type(value) == "string" then return #value > MAX_TEXT end
  for _, text in ipairs(value) do
    if #text > MAX_TEXT then return true end
  end
  return false
end

---@param text string an urlencoded form
---@return { question_id: string, answer: any }[]? answers nil if it is no such form
function M.read(text)
  local fields = url.parse(text, MAX_FIELDS)
  if not fields then return nil end
  local by_question = {}
  for name, value in pairs(fields) do
    local kind, question_id, part = name:match("^(%l+):(%x+%-%x+%-%x+%-%x+%-%x+):?(.*)$")
    local reader = readers[kind or ""]
    if not reader or too_long(value) then return nil end
    local answer = reader(by_question[question_id], part, value)
    if answer == nil then return nil end
    by_question[question_id] = answer
  end
  local answers = json.array {}
  for question_id, answer in pairs(by_question) do
    answers[#answers + 1] = { question_id = question_id, answer = answer }
  end
  return answers
end

return M
