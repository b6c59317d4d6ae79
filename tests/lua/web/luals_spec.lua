local luals = require "web.luals"
local schema = require "web.schema"
local service = require "services.api"

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

describe("types for editors", function()
  local function write(route)
    route.label, route.id = "POST /things", "makeThing"
    return luals.write { name = "api", routes = { route } }
  end

  it("say what a body's fields are", function()
    local text = write { body = schema.object {
      title = schema.text(1, 10), size = schema.optional(schema.enum { "s", "l" }),
      grade = schema.optional(schema.integer(1, 12), 5), due = schema.nullable(schema.date()),
      parts = schema.array(schema.object { on = schema.boolean() }), any = schema.describe(schema.any(), "Whatever"),
    } }
    assert.truthy(text:find([[
---@class api.makeThing.body.parts
---@field on boolean

---@class api.makeThing.body
---@field any any Whatever
---@field due string|userdata
---@field grade integer
---@field parts api.makeThing.body.parts[]
---@field size? "s"|"l"
---@field title string

---POST /things
---@class api.makeThing: web.request
---@field body api.makeThing.body
]], 1, true), text)
  end)

  it("say what parameters there are", function()
    local text = write {
      params = { thing_id = schema.id() }, query = { kinds = schema.optional(schema.array(schema.enum { "a", "b" })) },
    }
    assert.truthy(text:find("---@field thing_id string", 1, true), text)
    assert.truthy(text:find('---@field kinds? ("a"|"b")[]', 1, true), text)
    local request = "---@field params api.makeThing.params\n---@field query api.makeThing.query"
    assert.truthy(text:find(request, 1, true), text)
  end)

  it("are said of every handler of the API that gets its request", function()
    local files, checked = {}, 0
    for _, route in ipairs(service.routes) do
      local path, line = route.where:match("^(.+):(%d+)$")
      files[path] = files[path] or lines_of(path)
      local lines, at = files[path], tonumber(line)
      if path:find("services/api/", 1, true) and lines[at]:find("^local function [%w_]+%(req") then
        local said = (lines[at - 1]:match("^%-%-%-@param req (.+)$") or "") .. "|"
        assert.truthy(said:find(luals.name(service, route) .. "|", 1, true),
          ("%s: expected ---@param req %s above it"):format(route.where, luals.name(service, route)))
        checked = checked + 1
      end
    end
    assert.is_true(checked > 150)
  end)
end)
