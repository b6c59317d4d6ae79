-- services/dashboard/page.lua: how a page is made: a view inside the layout, or a view alone for htmx, and how failures
-- look. Called by the resources of this service.

local errors = require "web.errors"
local file = require "host.file"
local server = require "host.server"
local settings = require "host.settings"
local task = require "host.task"
local template = require "web.template"
local tokens = require "web.session"
local url = require "util.url"

local M = {}

local VIEWS = "lua/services/dashboard/views/"

local menus = {
  teacher = { { "/classes", "Classes" }, { "/courses", "Courses" }, { "/studio", "Roblox" } },
  admin = { { "/classes", "Classes" }, { "/courses", "Courses" }, { "/people", "People" }, { "/status", "Status" } },
  student = { { "/learn", "Learn" } },
  parent = { { "/children", "Children" } },
}

-- "2026-01-31T08:30:00.123Z" → "2026-01-31 08:30"
local function moment(text)
  if type(text) ~= "string" then return "" end
  return text:sub(1, 10) .. " " .. text:sub(12, 16)
end

local function minutes(seconds)
  return ("%d:%02d"):format(math.floor(seconds / 60), seconds % 60)
end

-- Lines of text as paragraphs: templates escape each.
local function paragraphs(text)
  local list = {}
  for line in (tostring(text) .. "\n"):gmatch("([^\n]*)\n") do
    if line:find("%S") then list[#list + 1] = line end
  end
  return list
end

-- One entry for each gap of a text, written ____.
local function gaps(text)
  local list = {}
  for gap in text:gmatch("____+") do list[#list + 1] = gap end
  return list
end

local function there(value)
  return value ~= nil and type(value) ~= "userdata"
end

local templates = template.new(function(name) return file.read(VIEWS .. name .. ".html") end, {
  moment = moment, minutes = minutes, paragraphs = paragraphs, there = there,
  gaps = gaps,
})

---A view alone: what htmx puts into a page.
---@param view string
---@param data table
function M.part(view, data)
  return 200, templates:render(view, data)
end

---A whole page.
---@param req table
---@param view string
---@param data table with title
---@param status? integer
function M.show(req, view, data, status)
  local user = req.user
  data.view, data.user, data.path = view, user, req.path
  data.menu = user and menus[user.role] or {}
  data.csrf = user and tokens.csrf(user)
  data.generation = server.whoami().generation
  data.reload = settings.reload_pages
  return status or 200, templates:render("layout", data)
end

---Sends the browser elsewhere, in a page or from htmx.
---@param req table
---@param path string
---@param headers? table
function M.go(req, path, headers)
  headers = headers or {}
  if req:header("hx-request") then
    headers["hx-redirect"] = path
    return 204, nil, headers
  end
  headers.location = path
  return 303, nil, headers
end

---What router.new takes as failed: problems as pages.
function M.failed(req, err)
  local status = errors.status(err.code) or 500
  local headers = { ["content-type"] = "text/html; charset=utf-8", ["cache-control"] = "no-store" }
  if status == 401 and not req:header("upgrade") then
    local next_page = req.method == "GET" and not req:header("hx-request") and req.path ~= "/" and req.path
    return M.go(req, next_page and "/login?next=" .. url.encode(next_page) or "/login", headers)
  end
  if status == 429 or status == 503 then headers["retry-after"] = err.retry_after or 2 end
  if status == 405 then headers.allow = err.headers and err.headers.allow end
  local data = { title = errors.title(err.code), status = status, errors = err.errors or {} }
  if status < 500 then data.message = err.message end
  if req:header("hx-request") then return status, templates:render("problem", data), headers end
  local _, text = M.show(req, "problem", data, status)
  return status, text, headers
end

---The last word on every page: a cookie that was renewed on the way.
function M.after(req, status, body, headers)
  if not req.cookie_renewed then return status, body, headers end
  local out = {}
  for name, value in pairs(headers or {}) do out[name] = value end
  if not out["set-cookie"] then out["set-cookie"] = req.cookie_renewed end
  return status, body, out
end

--- Asks for all that a page shows at once, in one round trip to the database.
---@param questions (fun(): any, table?)[]
---@return any[]? answers in the order of the questions
---@return table? err the first failure
function M.ask_all(questions)
  local asked = {}
  for i, question in ipairs(questions) do asked[i] = function() return { question() } end end
  local answers = task.all(asked)
  for i, answer in ipairs(answers) do
    if not answer[1] then return nil, answer[2] end
    answers[i] = answer[1]
  end
  return answers
end

return M
