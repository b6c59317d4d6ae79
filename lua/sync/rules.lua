-- sync/rules.lua: the list of sync rules, and the tree they make together. To add a rule: one file with {name,
-- applies, build} and one row here. Called by the bridge and by the publishing workflow.
--
-- A rule is a pure function from material to a tree: the same material always gives the same tree, so the difference
-- of two versions is only what the teacher changed. Material is {lesson, quiz?, scene?} as each rule describes it.

local tree = require "sync.tree"

local M = {}

M.list = {
  require "sync.lesson",
  require "sync.quiz",
  require "sync.scene",
}

--- The tree of one lesson: a folder that holds what each rule makes of it.
function M.build(material)
  local children = {}
  for _, rule in ipairs(M.list) do
    if rule.applies(material) then
      table.insert(children, rule.build(material))
    end
  end
  local lesson = material.lesson
  return tree.node({
    id = "lesson:" .. lesson.id,
    class = "Folder",
    name = lesson.title,
    attributes = { Lesson = lesson.id, Version = lesson.version },
    children = children,
  })
end

return M
