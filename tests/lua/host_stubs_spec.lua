-- lua/host/ is the contract that scripts are written against: what a stub declares must be there, and nothing else.

local keys = require "util.keys"

local file_of = function(name) return "lua/host/" .. name .. ".lua" end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

-- The functions and fields that a stub declares on the table it returns; methods of other classes are not on it.
local function declared(name)
  local text = read(file_of(name))
  local module = text:match("\nreturn ([%w_]+)%s*$")
  local names = {}
  for field in text:gmatch("\nfunction " .. module .. "%.([%w_]+)%(") do
    names[field] = true
  end
  local class = text:match("%-%-%-@class host%." .. name .. "\n(.-)local " .. module)
  for field in (class or ""):gmatch("%-%-%-@field ([%w_]+)") do
    names[field] = true
  end
  return names
end

local MODULES = {
  "crypto", "file", "form", "http", "json", "jwt", "log", "metrics", "pg", "redis", "server", "store",
  "task", "timer", "ws",
}

describe("lua/host", function()
  for _, name in ipairs(MODULES) do
    it("declares exactly what host." .. name .. " has", function()
      local there = {}
      for field in pairs(require("host." .. name)) do there[field] = true end
      assert.same(keys.sorted(declared(name)), keys.sorted(there))
    end)
  end

  it("declares host.settings, whose fields are the rows of config/default.lua", function()
    local settings = require "host.settings"
    assert.is_number(settings.body_limit)
    assert.has_error(function() return settings.no_such_setting end)
  end)
end)
