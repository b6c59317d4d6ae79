local material = require "tests.support.sync_material"
local rbxmx = require "sync.rbxmx"
local rules = require "sync.rules"
local tree = require "sync.tree"
local value = require "sync.value"

-- A strict reading of the XML we write: every tag closed in order, text without stray markup. Returns the count of
-- items; raises on anything else.
local function check_well_formed(text)
  local stack, items, at = {}, 0, 1
  while at <= #text do
    if text:sub(at, at + 8) == "<![CDATA[" then
      at = assert(text:find("]]>", at, true), "CDATA without an end") + 3
    elseif text:sub(at, at) == "<" then
      local closing, name, rest, stop = text:match("^<(/?)([%w]+)([^<>]*)>()", at)
      assert(stop, "broken tag at " .. text:sub(at, at + 40))
      if closing == "/" then
        assert(table.remove(stack) == name, "wrong end " .. name)
      else
        assert(rest:gsub('%s%w+="[^"<>]*"', "") == "", "broken attributes " .. rest)
        table.insert(stack, name)
        items = items + (name == "Item" and 1 or 0)
      end
      at = stop
    else
      local run, stop = text:match("^([^<]+)()", at)
      assert(not run:gsub("&[%w#]+;", ""):find("[&>]"), "stray markup in " .. run)
      assert(not run:find("[%z\1-\8\11\12\14-\31]"), "control character")
      at = stop
    end
  end
  assert(#stack == 0, "unclosed " .. tostring(stack[#stack]))
  return items
end

local function write_one(class, properties, name)
  return rbxmx.write({ tree.node({ id = "x", class = class, name = name or "x", properties = properties }) })
end

describe("sync.rbxmx", function()
  it("writes a whole lesson, one item per instance", function()
    local root = rules.build(material.lesson())
    local _, count = tree.index(root)
    assert.equal(count, check_well_formed(rbxmx.write({ root })))
  end)

  it("gives the same bytes for the same tree", function()
    assert.equal(rbxmx.write({ rules.build(material.lesson()) }), rbxmx.write({ rules.build(material.lesson()) }))
  end)

  it("writes properties under the names that files use", function()
    local text = write_one("Part", { Size = value.vector3(1, 2.5, 3), Color = value.rgb(250, 250, 240) })
    assert.truthy(text:find('<Vector3 name="size"><X>1</X><Y>2.5</Y><Z>3</Z></Vector3>', 1, true))
    assert.truthy(text:find('<Color3uint8 name="Color3uint8">4294638320</Color3uint8>', 1, true))
  end)

  it("escapes markup and drops what XML forbids", function()
    local text = write_one("StringValue", { Value = value.string('a<b> & "c"\0\8\r\239\191\191') }, "<&>")
    assert.truthy(text:find("a&lt;b&gt; &amp; &quot;c&quot;&#13;</string>", 1, true))
    assert.truthy(text:find('<string name="Name">&lt;&amp;&gt;</string>', 1, true))
    check_well_formed(text)
  end)

  it("carries any source text through CDATA", function()
    local text = write_one("ModuleScript", { Source = value.source("return a[b[1]]>c") })
    assert.truthy(text:find("<![CDATA[return a[b[1]]]]><![CDATA[>c]]>", 1, true))
    check_well_formed(text)
  end)

  it("marks every instance with its id and our tag", function()
    local text = write_one("Folder", {})
    -- one attribute, ToolboxId (9 bytes), type 2, the text x; and the tag ToolboxAI, both base64
    assert.truthy(text:find('AttributesSerialize">AQAAAAkAAABUb29sYm94SWQCAQAAAHg=<', 1, true))
    assert.truthy(text:find('Tags">VG9vbGJveEFJ<', 1, true))
  end)
end)
