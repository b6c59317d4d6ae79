-- The API's route table and what is made of it: nothing in the documents is written by hand, so nothing may be missing.

local asyncapi = require "web.asyncapi"
local errors = require "web.errors"
local live = require "services.api.live"
local openapi = require "web.openapi"
local service = require "services.api"

local document = openapi.document(service, { title = "API", version = "1", server = "/" })

describe("the API", function()
  it("gives every route an id of its own, tags and a place", function()
    local seen = {}
    for _, route in ipairs(service.routes) do
      if not route.hidden then
        assert.truthy(route.id, route.label)
        assert.is_nil(seen[route.id], route.label)
        seen[route.id] = true
        assert.truthy(route.tags, route.label)
        assert.matches("%.lua:%d+$", route.where)
      end
    end
  end)

  it("names only errors that are registered", function()
    for _, route in ipairs(service.routes) do
      for _, code in ipairs(route.errors or {}) do assert.truthy(errors.status(code), route.label .. " " .. code) end
    end
  end)

  it("says for every operation who may call it", function()
    for path, methods in pairs(document.paths) do
      for method, operation in pairs(methods) do
        local label = method .. " " .. path
        assert.truthy(operation.security, label)
        if #operation.security > 0 then assert.truthy(operation.responses["401"], label) end
      end
    end
  end)

  it("leads from each creation to its object", function()
    for path, methods in pairs(document.paths) do
      local created = methods.post and methods.post.responses["201"]
      if created and document.paths[path .. "/{" .. path:match("([^/]+)$"):gsub("e?s$", "") .. "_id}"] then
        assert.truthy(created.links and created.links.get, path)
      end
    end
  end)

  it("points ids at collections that are there", function()
    local function walk(node, where)
      for key, value in pairs(node) do
        if key == "x-resource" then
          assert.truthy(document.paths[value], where .. " " .. value)
        elseif type(value) == "table" then
          walk(value, where .. "/" .. tostring(key))
        end
      end
    end
    walk(document.components.schemas, "")
  end)

  it("marks logging in, refreshing and logging out", function()
    local found = {}
    for _, methods in pairs(document.paths) do
      for _, operation in pairs(methods) do
        if operation["x-auth"] then found[operation["x-auth"]] = true end
      end
    end
    assert.same({ login = true, refresh = true, logout = true }, found)
  end)

  it("describes its live topics", function()
    local made = asyncapi.document(live.topics, { title = "Live", version = "1", host = "localhost", path = "/ws" })
    for _, topic in ipairs(live.topics) do
      for kind in pairs(topic.events) do assert.truthy(made.channels.live.messages[topic.name .. "." .. kind]) end
    end
  end)
end)
