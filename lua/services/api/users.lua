-- services/api/users.lua: people, as those see them who may; parents and their children.

local cursor = require "web.cursor"
local guard = require "web.guard"
local schema = require "web.schema"
local shapes = require "services.api.shapes"
local user = require "model.user"

local optional = schema.optional

local NewStudent = schema.object {
  login = schema.describe(shapes.login, "Kept in small letters"),
  password = schema.password(user.MIN_PASSWORD, user.MAX_PASSWORD), name = shapes.name,
  email = optional(schema.email()), birth_date = optional(schema.date()),
}
local New = schema.extend(NewStudent, { role = shapes.roles })

local Change = schema.partial(schema.object { name = shapes.name, email = schema.email() })

local Link = schema.object { code = schema.describe(shapes.code, "From the child or its teacher") }

---@param req api.showMe
local function me(req)
  return user.me(req.user)
end

---@param req api.changeMe
local function change_me(req)
  local changed, err = user.update(req.user, req.user.id, req.body, req.revision)
  if not changed then return nil, err end
  return user.me(req.user)
end

---@param req api.createUser
local function create(req)
  local made, err = user.create(req.user, req.body)
  if not made then return nil, err end
  return 201, made, { location = shapes.USERS .. "/" .. made.id }
end

---@param req api.createStudent
local function create_student(req)
  req.body.role = "student"
  return create(req)
end

---@param req api.listUsers
local function list(req)
  return cursor.list(req, function(page) return user.list(req.user, req.query, page) end)
end

---@param req api.showUser
local function show(req)
  return user.find(req.user, req.params.user_id)
end

---@param req api.changeUser
local function change(req)
  return user.update(req.user, req.params.user_id, req.body, req.revision)
end

---@param req api.suspendUser
local function suspend(req)
  return user.set_state(req.user, req.params.user_id, "suspended")
end

---@param req api.restoreUser
local function restore(req)
  return user.set_state(req.user, req.params.user_id, "active")
end

---@param req api.makeMyLinkCode
local function my_link_code(req)
  return user.make_link_code(req.user, req.user.id)
end

---@param req api.makeLinkCode
local function link_code(req)
  return user.make_link_code(req.user, req.params.user_id)
end

---@param req api.linkChild
local function link(req)
  return user.link_child(req.user, req.body.code)
end

---@param req api.listChildren
local function children(req)
  return cursor.list(req, function(page) return user.children(req.user, page) end)
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "People" }
local by_id = { user_id = schema.id(shapes.USERS) }

return {
  ["/me"] = {
    GET = { "Show one's own account", signed_in(me), out = shapes.Me, id = "showMe", tags = tags },
    PATCH = { "Change one's own account", signed_in(change_me), body = Change, out = shapes.Me, errors = { "conflict" },
      id = "changeMe", tags = tags },
  },
  ["/me/link-code"] = {
    POST = { "Make a code for a parent", role("student", my_link_code), out = shapes.Code, id = "makeMyLinkCode",
      tags = tags },
  },
  ["/me/children"] = {
    GET = { "List one's children", role("parent", children), query = cursor.query({ "name" }),
      out = schema.list(shapes.User), id = "listChildren", tags = tags },
    POST = { "Link a child by its code", role("parent", link), body = Link, out = shapes.User, status = 200,
      id = "linkChild", tags = tags },
  },
  ["/users"] = {
    GET = { "List the people whom one may see", signed_in(list), out = schema.list(shapes.User),
      query = cursor.query({ "name", "created_at" }, {
        role = optional(shapes.roles), state = optional(schema.enum { "active", "suspended" }),
      }), id = "listUsers", tags = tags },
    POST = { "Make an account in the own school", role("admin", create), body = New, out = shapes.User,
      creates = true, errors = { "conflict" }, id = "createUser", tags = tags, shared = true },
  },
  ["/students"] = {
    POST = { "Make a student's account in the own school", role("teacher", create_student), body = NewStudent,
      out = shapes.User, creates = shapes.USERS, errors = { "conflict" }, id = "createStudent", tags = tags,
      shared = true },
  },
  ["/users/{user_id}"] = {
    GET = { "Show a person", signed_in(show), params = by_id, out = shapes.User, id = "showUser", tags = tags },
    PATCH = { "Change a person of the own school", role("admin", change), params = by_id, body = Change,
      out = shapes.User, errors = { "conflict" }, id = "changeUser", tags = tags,
      description = "Everybody changes the own account by PATCH /me." },
  },
  ["/users/{user_id}/suspend"] = {
    POST = { "Suspend an account", role("admin", suspend), params = by_id, out = shapes.User, id = "suspendUser",
      errors = { "conflict" }, tags = tags, description = "Ends all its sessions. Nobody suspends the own account." },
  },
  ["/users/{user_id}/restore"] = {
    POST = { "Restore an account", role("admin", restore), params = by_id, out = shapes.User,
      errors = { "conflict" }, id = "restoreUser", tags = tags,
      description = "Not while the consent to a child's account is withdrawn." },
  },
  ["/users/{user_id}/link-code"] = {
    POST = { "Make a code for a student's parent", role("teacher", link_code), params = by_id, out = shapes.Code,
      id = "makeLinkCode", tags = tags },
  },
}
