-- services/api/profiles.lua: what people tell about themselves, and how they want to be served.

local guard = require "web.guard"
local profile = require "model.profile"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local Change = schema.partial(schema.object { about = schema.multiline(0, 2000), pronouns = schema.text(0, 40) })

local Preferences = schema.partial(schema.object(shapes.preferences))

---@param req api.showMyProfile
local function mine(req)
  return profile.find(req.user, req.user.id)
end

---@param req api.changeMyProfile
local function change_mine(req)
  return profile.update(req.user, req.body, req.revision)
end

---@param req api.showProfile
local function show(req)
  return profile.find(req.user, req.params.user_id)
end

---@param req api.showPreferences
local function preferences(req)
  return profile.preferences(req.user)
end

---@param req api.changePreferences
local function prefer(req)
  return profile.set_preferences(req.user, req.body, req.revision)
end

local signed_in = guard.signed_in
local tags = { "People" }

return {
  ["/me/profile"] = {
    GET = { "Show one's own profile", signed_in(mine), out = shapes.Profile, id = "showMyProfile", tags = tags },
    PATCH = { "Change one's own profile", signed_in(change_mine), body = Change, out = shapes.Profile,
      id = "changeMyProfile", tags = tags },
  },
  ["/users/{user_id}/profile"] = {
    GET = { "Show a person's profile", signed_in(show), params = { user_id = schema.id(shapes.USERS) },
      out = shapes.Profile, id = "showProfile", tags = tags },
  },
  ["/me/preferences"] = {
    GET = { "Show one's preferences", signed_in(preferences), out = shapes.Preferences, id = "showPreferences",
      tags = tags },
    PATCH = { "Change one's preferences", signed_in(prefer), body = Preferences, out = shapes.Preferences,
      id = "changePreferences", tags = tags },
  },
}
