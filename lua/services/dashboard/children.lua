-- services/dashboard/children.lua: a parent's children and what they have done.

local guard = require "web.guard"
local page = require "services.dashboard.page"
local progress = require "model.progress"
local schema = require "web.schema"
local user = require "model.user"

local Link = schema.object { code = schema.text(4, 20) }

local function rows_of(parent)
  local found, err = user.children(parent, { limit = 20 })
  if not found then return nil, err end
  for _, child in ipairs(found.items) do
    local rows, failure = progress.of_student(parent, child.id, { limit = 50, sort = { { "last_at", "desc" } } })
    if not rows then return nil, failure end
    child.progress = rows.items
  end
  return found.items
end

local function list(req)
  local children, err = rows_of(req.user)
  if not children then return nil, err end
  return page.show(req, "children", { title = "Children", children = children })
end

local function part(req)
  local children, err = rows_of(req.user)
  if not children then return nil, err end
  return page.part("children_progress", { children = children })
end

local function link(req)
  local linked, err = user.link_child(req.user, req.body.code)
  if not linked then return nil, err end
  return page.go(req, "/children")
end

local role = guard.role

return {
  ["/children"] = {
    GET = { "A parent's children", role("parent", list) },
    POST = { "Link a child", role("parent", link), form = Link },
  },
  ["/children/progress"] = { GET = { "The part of the page that changes", role("parent", part) } },
}
