-- The dashboard's views: each compiles, each that is named is there, none lies around unused.

local file = require "host.file"
local template = require "web.template"

local FOLDER = "lua/services/dashboard/views/"

local function names()
  local list = {}
  for _, path in ipairs(file.list(FOLDER)) do list[#list + 1] = path:match("([%w_]+)%.html$") end
  return list
end

local function read(name) return file.read(FOLDER .. name .. ".html") end

describe("the dashboard's views", function()
  it("are part of the accepted set", function()
    assert.is_true(#names() > 10)
  end)

  it("compile", function()
    local templates = template.new(read)
    for _, name in ipairs(names()) do assert.is_function(templates:get(name)) end
  end)

  it("include only what is there", function()
    for _, name in ipairs(names()) do
      for included in read(name):gmatch('include%("([%w_]+)"') do assert.is_string(read(included), name) end
    end
  end)

  it("load nothing from elsewhere and hold no inline script", function()
    for _, name in ipairs(names()) do
      local text = read(name)
      assert.is_nil(text:match("https?://"), name)
      assert.is_nil(text:match("<script>"), name)
      assert.is_nil(text:match(" on%a+="), name)
    end
  end)
end)
