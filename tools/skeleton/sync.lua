-- sync/gadget.lua: sync rule: what of the material it reads and what it makes of it. Pure: the same material gives the
-- same tree.

local tree = require "sync.tree"

local M = { name = "gadget" }

function M.applies(material)
  return material.gadget ~= nil
end

function M.build(material)
  return tree.node({
    id = "lesson:" .. material.lesson.id .. "/gadget",
    class = "Folder",
    name = material.gadget.title,
    children = {},
  })
end

return M
