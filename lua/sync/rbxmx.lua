-- sync/rbxmx.lua: writes an instance tree as a Roblox XML model file (.rbxmx), which Studio inserts as it is: the way
-- to take a lesson into a place without the plugin, and the plugin itself to a teacher. Called by the bridge. Format:
-- rbx-dom, docs/xml.md. Every instance carries its id as the attribute ToolboxId and the tag ToolboxAI, exactly as
-- the plugin marks what it makes: the game module finds a lesson by them, however it came into the place.

local attributes = require "sync.attributes"
local keys = require "util.keys"
local value = require "sync.value"

local M = {}

--- The attribute that carries a node's id, and the tag on everything we own; the plugin uses the same names.
M.ID_ATTRIBUTE = "ToolboxId"
M.TAG = "ToolboxAI"

-- Some properties have another name in files than in scripts, or another type.
local FILE_NAMES = {
  Part = { Size = "size", Color = "Color3uint8", Shape = "shape" },
  SpawnLocation = { Size = "size", Color = "Color3uint8" },
}

-- XML 1.0 forbids most control characters, even escaped, and a NUL would end the text for some readers; the two
-- non-characters U+FFFE and U+FFFF as well.
local function legal(text)
  return (text:gsub("[%z\1-\8\11\12\14-\31]", ""):gsub("\239\191[\190\191]", ""))
end

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["\r"] = "&#13;" }

local function escape(text)
  return (legal(text):gsub('[&<>"\r]', ENTITIES))
end

-- The shortest decimal that reads back as the same number; whole numbers without an exponent, which readers of integer
-- types do not take.
local function number(n)
  if n == math.floor(n) and math.abs(n) < 2 ^ 53 then return ("%.0f"):format(n) end
  local short = ("%.9g"):format(n)
  return tonumber(short) == n and short or ("%.17g"):format(n)
end

local function vector(names, numbers)
  local out = {}
  for i, name in ipairs(names) do
    out[i] = ("<%s>%s</%s>"):format(name, number(numbers[i]), name)
  end
  return table.concat(out)
end

local XYZ, RGB, XSXO = { "X", "Y", "Z" }, { "R", "G", "B" }, { "XS", "XO", "YS", "YO" }
local FRAME = { "X", "Y", "Z", "R00", "R01", "R02", "R10", "R11", "R12", "R20", "R21", "R22" }

-- Each writer returns the element's name and its content.
local WRITERS = {
  String = function(v) return "string", escape(v) end,
  -- A CDATA section cannot hold its own end: split it there.
  ProtectedString = function(v)
    return "ProtectedString", "<![CDATA[" .. legal(v):gsub("]]>", "]]]]><![CDATA[>") .. "]]>"
  end,
  Bool = function(v) return "bool", tostring(v) end,
  Int32 = function(v) return "int", number(v) end,
  Float32 = function(v) return "float", number(v) end,
  Enum = function(v) return "token", number(v) end,
  Vector3 = function(v) return "Vector3", vector(XYZ, v) end,
  Color3 = function(v) return "Color3", vector(RGB, v) end,
  UDim2 = function(v) return "UDim2", vector(XSXO, { v[1][1], v[1][2], v[2][1], v[2][2] }) end,
  CFrame = function(v)
    local p, o = v.position, v.orientation
    return "CoordinateFrame", vector(FRAME, {
      p[1], p[2], p[3], o[1][1], o[1][2], o[1][3], o[2][1], o[2][2], o[2][3], o[3][1], o[3][2], o[3][3],
    })
  end,
}

-- Parts keep their colour as 0xFFRRGGBB.
local function packed_color(color)
  local function byte(channel) return math.floor(channel * 255 + 0.5) end
  return "Color3uint8", number(4278190080 + byte(color[1]) * 65536 + byte(color[2]) * 256 + byte(color[3]))
end

local function property(class, name, variant)
  local kind, payload = value.open(variant)
  local file_name = FILE_NAMES[class] and FILE_NAMES[class][name] or name
  local element, content
  if file_name == "Color3uint8" then
    element, content = packed_color(payload)
  else
    element, content = WRITERS[kind](payload)
  end
  return ('<%s name="%s">%s</%s>'):format(element, file_name, content, element)
end

-- The node's own attributes with its id added; the copy keeps the tree as it was.
local function marked(node)
  local all = { [M.ID_ATTRIBUTE] = node.id }
  for name, item in pairs(node.attributes) do
    all[name] = type(item) == "string" and legal(item) or item
  end
  return attributes.base64(attributes.encode(all))
end

local function write_item(out, node, referent, depth)
  local indent = ("  "):rep(depth)
  local function line(text) out[#out + 1] = indent .. text end
  referent.last = referent.last + 1
  line(('<Item class="%s" referent="%d">'):format(node.class, referent.last))
  line("  <Properties>")
  line('    <string name="Name">' .. escape(node.name) .. "</string>")
  line('    <BinaryString name="AttributesSerialize">' .. marked(node) .. "</BinaryString>")
  line('    <BinaryString name="Tags">' .. attributes.base64(M.TAG) .. "</BinaryString>")
  for _, name in ipairs(keys.sorted(node.properties)) do
    line("    " .. property(node.class, name, node.properties[name]))
  end
  line("  </Properties>")
  for _, child in ipairs(node.children) do
    write_item(out, child, referent, depth + 1)
  end
  line("</Item>")
end

--- The text of a model file that holds the given trees. The same trees give the same bytes.
--- @param roots table list of nodes
--- @return string
function M.write(roots)
  local out = { '<roblox version="4">', '  <Meta name="ExplicitAutoJoints">true</Meta>' }
  local referent = { last = 0 }
  for _, root in ipairs(roots) do
    write_item(out, root, referent, 1)
  end
  out[#out + 1] = "</roblox>\n"
  return table.concat(out, "\n")
end

return M
