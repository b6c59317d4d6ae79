-- web/luals.lua: the types of a service's requests for LuaLS, from the declarations that check them: so an editor
-- completes req.body. in a handler that says `---@param req api.createClass`. `toolboxd routes --types SERVICE` writes
-- them; tools/setup keeps them in lua/types/api.lua. A spec compares each handler's annotation with the route table.

local keys = require "util.keys"

local M = {}

local Writer = {}
Writer.__index = Writer

local simple = {
  text = "string", uuid = "string", date = "string", time = "string", email = "string", url = "string",
  integer = "integer", number = "number", boolean = "boolean", any = "any",
}

local function quoted(values)
  local texts = {}
  for i, value in ipairs(values) do texts[i] = type(value) == "string" and ("%q"):format(value) or tostring(value) end
  return table.concat(texts, "|")
end

local kinds = {}

function kinds.enum(_, declared) return declared.says and "string" or quoted(declared.values) end

function kinds.const(_, declared) return quoted { declared.value } end

function kinds.array(writer, declared, name)
  local item = writer:type_of(declared.item, name)
  return (item:find("|", 1, true) and "(" .. item .. ")" or item) .. "[]"
end

function kinds.map(writer, declared, name)
  return ("table<string, %s>"):format(writer:type_of(declared.item, name))
end

function kinds.object(writer, declared, name)
  return writer:class(name, declared.fields, declared.names)
end

function kinds.variant(writer, declared, name)
  local types = {}
  for i, value in ipairs(declared.values) do
    types[i] = writer:type_of(declared.variants[value], name .. "." .. tostring(value))
  end
  return table.concat(types, "|")
end

function kinds.either(writer, declared, name)
  local types = {}
  for _, alternative in pairs(declared.by_type) do types[#types + 1] = writer:type_of(alternative, name) end
  table.sort(types)
  return table.concat(types, "|")
end

---The type of a declaration; what has fields becomes a class of this name.
function Writer:type_of(declared, name)
  local kind = simple[declared.kind] or kinds[declared.kind](self, declared, name)
  return declared.nullable and kind .. "|userdata" or kind -- json.null
end

---Writes a class, after those that its fields need.
---@return string name
function Writer:class(name, fields, names, parent)
  local lines = { "---@class " .. name .. (parent and ": " .. parent or "") }
  for _, field in ipairs(names) do
    local declared = fields[field]
    local mark = declared.optional and declared.default == nil and "?" or ""
    local says = declared.description and " " .. declared.description or ""
    lines[#lines + 1] = ("---@field %s%s %s%s"):format(field, mark, self:type_of(declared, name .. "." .. field), says)
  end
  self.blocks[#self.blocks + 1] = table.concat(lines, "\n")
  return name
end

---The class of a route's requests.
---@param service { name: string }
---@param route { id: string }
function M.name(service, route)
  return service.name .. "." .. route.id
end

function Writer:route(service, route)
  local name = M.name(service, route)
  local lines = { ("---%s\n---@class %s: web.request"):format(route.label, name) }
  for _, place in ipairs { "params", "query" } do
    local declared = route[place]
    if declared and next(declared) then
      local class = self:class(name .. "." .. place, declared, keys.sorted(declared))
      lines[#lines + 1] = ("---@field %s %s"):format(place, class)
    end
  end
  local body = route.body or route.form
  if body then lines[#lines + 1] = "---@field body " .. self:type_of(body, name .. ".body") end
  self.blocks[#self.blocks + 1] = table.concat(lines, "\n")
end

---@param service table as router.new returned it
---@return string text of lua/types/SERVICE.lua
function M.write(service)
  local head = ("---@meta types.%s\n\n-- Made by `toolboxd routes --types %s`: nobody edits it."):format(service.name,
    service.name)
  local writer = setmetatable({ blocks = { head } }, Writer)
  for _, route in ipairs(service.routes) do
    if route.id then writer:route(service, route) end
  end
  return table.concat(writer.blocks, "\n\n") .. "\n"
end

return M
