-- util/sniff.lua: what a file is, from its first octets, whatever its name or sender say. Only what browsers show
-- without running it is known: no HTML, no SVG, no archives.

local M = {}

--- So many octets are enough.
M.ENOUGH = 64

-- Media type → the extensions that its names may have, the usual one first.
local extensions = {
  ["image/png"] = { "png" }, ["image/jpeg"] = { "jpg", "jpeg" }, ["image/gif"] = { "gif" },
  ["image/webp"] = { "webp" }, ["audio/mpeg"] = { "mp3" }, ["audio/ogg"] = { "ogg", "oga", "opus" },
  ["video/mp4"] = { "mp4", "m4v", "m4a" }, ["video/webm"] = { "webm" }, ["application/pdf"] = { "pdf" },
}

-- Texts that such files begin with.
local prefixes = {
  { "\137PNG\r\n\26\n", "image/png" }, { "\255\216\255", "image/jpeg" }, { "GIF87a", "image/gif" },
  { "GIF89a", "image/gif" }, { "%PDF-", "application/pdf" }, { "OggS\0", "audio/ogg" }, { "ID3", "audio/mpeg" },
  { "\255\251", "audio/mpeg" }, { "\255\243", "audio/mpeg" }, { "\255\242", "audio/mpeg" },
}

local brands = {}
for _, brand in ipairs { "isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "dash", "M4A ", "M4V " } do
  brands[brand] = true
end

--- The media types that are known, sorted.
M.TYPES = {}
for kind in pairs(extensions) do M.TYPES[#M.TYPES + 1] = kind end
table.sort(M.TYPES)

---@param head string the first M.ENOUGH octets, or the whole of a shorter file
---@return string? type nil if it is none that is known
function M.type(head)
  for _, row in ipairs(prefixes) do
    if head:sub(1, #row[1]) == row[1] then return row[2] end
  end
  if head:sub(1, 4) == "RIFF" and head:sub(9, 15) == "WEBPVP8" then return "image/webp" end
  if head:sub(5, 8) == "ftyp" and brands[head:sub(9, 12)] then return "video/mp4" end
  if head:sub(1, 4) == "\26\69\223\163" and head:find("webm", 5, true) then return "video/webm" end
end

---A name that ends as the type asks: "x.html" that is a picture becomes "x.png".
---@param name string
---@param kind string one of M.TYPES
---@return string
function M.name(name, kind)
  local known = extensions[kind]
  local stem, extension = name:match("^(.+)%.(%w+)$")
  for _, right in ipairs(known) do
    if extension and extension:lower() == right then return name end
  end
  return (stem or name) .. "." .. known[1]
end

return M
