-- sync/value.lua: property values of Roblox instances as plain data that JSON carries. Each value is a map with one
-- key, the name of its type, for example {String = "x"} or {Vector3 = {1, 2, 3}}: the same form as Rojo's protocol
-- uses, so that a reader who knows the one knows the other. The rules in sync/ build values here; sync/rbxmx.lua and
-- the Studio plugin read them.

local M = {}

-- JSON has no infinity and no NaN, and Roblox's own encoder emits them as invalid JSON: refuse them where they arise.
local function finite(n)
  if type(n) ~= "number" or n ~= n or n == math.huge or n == -math.huge then
    error("a property needs a finite number, got " .. tostring(n), 3)
  end
  return n
end

--- Text, at most what a StringValue holds (200,000 bytes).
function M.string(text)
  if type(text) ~= "string" or #text > 200000 then
    error("a string property needs a text of at most 200000 bytes", 2)
  end
  return { String = text }
end

--- The source of a script; its own type because files write it differently.
function M.source(text)
  if type(text) ~= "string" then error("a script's source is a string", 2) end
  return { ProtectedString = text }
end

function M.bool(flag)
  if type(flag) ~= "boolean" then error("a bool property needs true or false", 2) end
  return { Bool = flag }
end

--- A whole number of 32 bits.
function M.int(n)
  if finite(n) ~= math.floor(n) or n < -2147483648 or n > 2147483647 then
    error("an int property needs a whole number of 32 bits", 2)
  end
  return { Int32 = n }
end

function M.float(n)
  return { Float32 = finite(n) }
end

--- An enum item by its number, as Roblox's files store it.
function M.enum(n)
  if finite(n) ~= math.floor(n) or n < 0 then error("an enum item is a whole number", 2) end
  return { Enum = n }
end

function M.vector3(x, y, z)
  return { Vector3 = { finite(x), finite(y), finite(z) } }
end

--- A colour from its bytes, 0 to 255 each; stored as Roblox's Color3, 0 to 1.
function M.rgb(red, green, blue)
  return { Color3 = { finite(red) / 255, finite(green) / 255, finite(blue) / 255 } }
end

--- A size on the screen: scale and offset (pixels) for x and y.
function M.udim2(x_scale, x_offset, y_scale, y_offset)
  return { UDim2 = { { finite(x_scale), finite(x_offset) }, { finite(y_scale), finite(y_offset) } } }
end

--- A position and a turn about the vertical axis, in degrees.
function M.placed(x, y, z, degrees)
  local angle = math.rad(finite(degrees or 0))
  local c, s = math.cos(angle), math.sin(angle)
  return {
    CFrame = {
      position = { finite(x), finite(y), finite(z) },
      orientation = { { c, 0, s }, { 0, 1, 0 }, { -s, 0, c } },
    },
  }
end

--- The type's name and the payload of a value.
function M.open(value)
  return next(value)
end

--- Whether two values (or any two pieces of plain data) are the same.
function M.equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, item in pairs(a) do
    if not M.equal(item, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

return M
