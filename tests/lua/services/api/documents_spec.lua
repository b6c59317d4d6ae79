-- The API's route table and what is made of it: nothing in the documents is written by hand, so nothing may be missing.

local asyncapi = require "web.asyncapi"
local errors = require "web.errors"
local live = require "services.api.live"
local openapi = require "web.openapi"
local permission = require "model.permission"
local permissions = require "web.permission"
local service = require "services.api"
local settings = require "host.settings"

permissions.use(assert(permission.load()))

local document = openapi.document(service, { title = "API", version = "1", server = "/",
  asyncapi = "/asyncapi.json", tags = { { name = "Accounts", description = "Logging in" } } })

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

  local function each(visit)
    for path, methods in pairs(document.paths) do
      for method, operation in pairs(methods) do visit(method:upper() .. " " .. path, operation) end
    end
  end

  -- Parameters of an operation by place and name.
  local function parameters(operation, place)
    local found = {}
    for _, parameter in ipairs(operation.parameters or {}) do
      if parameter["in"] == place then found[parameter.name] = parameter end
    end
    return found
  end

  it("lists every tag that an operation has, once", function()
    local listed = {}
    for _, tag in ipairs(document.tags) do
      assert.is_nil(listed[tag.name], tag.name)
      listed[tag.name] = true
    end
    each(function(label, operation)
      for _, name in ipairs(operation.tags) do assert.truthy(listed[name], label .. " " .. name) end
    end)
  end)

  it("says for every operation which roles it is for", function()
    each(function(label, operation) assert.is_true(#operation["x-roles"] > 0, label) end)
  end)

  it("leads from each creation to its object, with every parameter that its path has", function()
    local by_id = {}
    each(function(_, operation) by_id[operation.operationId] = operation end)
    local creations = 0
    each(function(label, operation)
      local created = label:find("^POST") and operation.responses["201"]
      if not created then return end
      creations = creations + 1
      assert.truthy(created.links and created.links.get, label)
      assert.truthy(created.headers.Location, label)
      for _, link in pairs(created.links) do
        local wanted = parameters(by_id[link.operationId], "path")
        for name in pairs(wanted) do assert.truthy(link.parameters[name], label .. " " .. name) end
        for name in pairs(link.parameters) do assert.truthy(wanted[name], label .. " " .. name) end
      end
    end)
    assert.is_true(creations > 10)
  end)

  it("says that lists in a query are joined by commas, as they are read", function()
    local lists = 0
    each(function(label, operation)
      for name, declared in pairs(parameters(operation, "query")) do
        if declared.schema.type == "array" then
          lists = lists + 1
          assert.is_false(declared.explode, label .. " " .. name)
        end
      end
    end)
    assert.is_true(lists > 10)
  end)

  it("takes an Idempotency-Key on each creation by somebody who is known", function()
    each(function(label, operation)
      local known = #operation.security > 0
      if not (label:find("^POST") and operation.responses["201"] and known) then return end
      local declared = parameters(operation, "header")["Idempotency-Key"]
      assert.truthy(declared, label)
      assert.matches(("kept for %d hours"):format(settings.retention.answers / 3600), declared.description)
    end)
  end)

  -- Ids of what has no address of its own, and one whose collection another field names.
  local without_collection = {
    ["Question/id"] = true, ["Scene/id"] = true, ["Mastery/id"] = true, ["GradeChange/id"] = true, question_id = true,
    subject_id = true,
  }

  local function visit_ids(node, name, parent)
    if type(node) ~= "table" then return end
    if node.format == "uuid" then
      local resource = node["x-resource"]
      if resource then
        assert.truthy(document.paths[resource], parent .. "/" .. name .. " names no collection")
      else
        local known = without_collection[name] or without_collection[parent:gsub("^Some", "") .. "/" .. name]
        assert.truthy(known, parent .. "/" .. name .. " says of no collection")
      end
    end
    for key, child in pairs(node) do
      if key == "properties" then
        for field, declared in pairs(child) do visit_ids(declared, field, parent) end
      elseif key ~= "x-resource" then
        visit_ids(child, type(key) == "string" and key ~= "items" and key or name, parent)
      end
    end
  end

  it("says of every id in what collection it is, and of none that is not there", function()
    for name, declared in pairs(document.components.schemas) do visit_ids(declared, "", name) end
    each(function(label, operation)
      for _, parameter in ipairs(operation.parameters or {}) do visit_ids(parameter.schema, parameter.name, label) end
      visit_ids(operation.requestBody or {}, "", label)
    end)
  end)

  it("marks logging in, refreshing and logging out", function()
    local found = {}
    for _, methods in pairs(document.paths) do
      for _, operation in pairs(methods) do
        if operation["x-auth"] then found[operation["x-auth"]] = true end
      end
    end
    assert.same({ login = true, refresh = true, logout = true }, found)
    assert.equal("/asyncapi.json", document["x-asyncapi"])
  end)

  it("describes its live topics", function()
    local made = asyncapi.document(live.topics, { title = "Live", version = "1", host = "localhost", path = "/ws" })
    for _, topic in ipairs(live.topics) do
      for kind in pairs(topic.events) do assert.truthy(made.channels.live.messages[topic.name .. "." .. kind]) end
    end
  end)
end)
