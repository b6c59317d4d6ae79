-- services/content/present.lua: rows of model/post.lua as the members that Ghost's Content API gives. Pure but for
-- JSON's null. site is the address of this service, such as "https://example.org", without a slash at the end.

local json = require "host.json"
local utf8 = require "util.utf8"

local M = {}

local null = json.null
local WORDS_PER_MINUTE = 275

-- Members that a row may have in meta, or that we have nothing to say about: they are there, and null.
local POST_EXTRAS = {
  "feature_image_alt", "feature_image_caption", "codeinjection_head", "codeinjection_foot", "custom_template",
  "canonical_url", "og_image", "og_title", "og_description", "twitter_image", "twitter_title", "twitter_description",
  "meta_title", "meta_description", "email_subject", "frontmatter",
}
local TAG_EXTRAS = {
  "feature_image", "og_image", "og_title", "og_description", "twitter_image", "twitter_title", "twitter_description",
  "meta_title", "meta_description", "codeinjection_head", "codeinjection_foot", "canonical_url", "accent_color",
}
local AUTHOR_EXTRAS = {
  "facebook", "twitter", "threads", "bluesky", "mastodon", "tiktok", "youtube", "instagram", "linkedin", "meta_title",
  "meta_description",
}

-- Ghost tells empty texts as null.
local function text(value)
  if value == nil or value == "" then return null end
  return value
end

-- PostgreSQL's RFC 3339 in UTC → Ghost's, with milliseconds and an offset.
local function time(value)
  if value == nil or value == null then return null end
  local whole, fraction = value:match("^(%d+%-%d+%-%d+T%d+:%d+:%d+)%.?(%d*)")
  return ("%s.%s+00:00"):format(whole, (fraction .. "000"):sub(1, 3))
end

-- Words at 275 a minute, and for each image 12, 11, … down to 3 seconds; whole minutes.
local function reading_time(row)
  local _, words = row.plaintext:gsub("%S+", "")
  local _, images = row.html:gsub("<img[%s>]", "")
  if text(row.feature_image) ~= null then images = images + 1 end
  local seconds = words / WORDS_PER_MINUTE * 60
  for i = 0, images - 1 do seconds = seconds + math.max(12 - i, 3) end
  return math.floor(seconds / 60 + 0.5)
end

local function excerpt(row)
  if text(row.custom_excerpt) ~= null then return row.custom_excerpt end
  return text(utf8.cut(row.plaintext, 500))
end

-- A post that is not public shows what stands before the mark, and no more.
local function visible_html(row)
  if row.visibility == "public" then return row.html, true end
  local shown = row.html:match("^(.-)<!%-%-members%-only%-%->")
  return shown or "", false
end

--- A tag. posts is the number of its posts, when that was asked for.
function M.tag(row, site, include)
  local out = {
    id = row.id, name = row.name, slug = row.slug, description = text(row.description), visibility = row.visibility,
    url = ("%s/tag/%s/"):format(site, row.slug),
  }
  for _, name in ipairs(TAG_EXTRAS) do out[name] = null end
  if include and include["count.posts"] then out.count = { posts = row.posts or 0 } end
  return out
end

--- An author.
function M.author(row, site, include)
  local out = {
    id = row.id, name = row.name, slug = row.slug, profile_image = text(row.profile_image),
    cover_image = text(row.cover_image), bio = text(row.bio), website = text(row.website),
    location = text(row.location),
    url = ("%s/author/%s/"):format(site, row.slug),
  }
  for _, name in ipairs(AUTHOR_EXTRAS) do out[name] = null end
  if include and include["count.posts"] then out.count = { posts = row.posts or 0 } end
  return out
end

local function add_relations(out, row, asked, site)
  if asked.include.tags then
    out.tags = json.array {}
    for i, tag in ipairs(row.tags) do out.tags[i] = M.tag(tag, site) end
    local first = row.tags[1]
    out.primary_tag = first and first.visibility == "public" and out.tags[1] or null
  end
  if asked.include.authors then
    out.authors = json.array {}
    for i, author in ipairs(row.authors) do out.authors[i] = M.author(author, site) end
    out.primary_author = out.authors[1] or null
  end
  if asked.include.tiers then out.tiers = json.array {} end
end

-- Only the asked members; what was included stays, which Ghost itself forgets.
local INCLUDED = { tags = true, primary_tag = true, authors = true, primary_author = true, tiers = true, count = true }

--- Keeps the members that the parameter fields names.
function M.pick(out, fields)
  if not fields then return out end
  local picked = {}
  for name, value in pairs(out) do
    if fields[name] or INCLUDED[name] then picked[name] = value end
  end
  return picked
end

--- A post or a page.
---@param row table of model/post.lua
---@param asked table of services/content/query.lua
---@param site string
function M.post(row, asked, site)
  local html, access = visible_html(row)
  local formats, fields = asked.formats, asked.fields or {}
  local out = {
    id = row.id, uuid = row.uuid, title = row.title, slug = row.slug, comment_id = row.id,
    html = (formats.html or fields.html) and text(html) or nil,
    plaintext = (formats.plaintext or fields.plaintext) and (access and row.plaintext or "") or nil,
    feature_image = text(row.feature_image), featured = row.featured, visibility = row.visibility,
    created_at = time(row.created_at), updated_at = time(row.updated_at), published_at = time(row.published_at),
    custom_excerpt = text(row.custom_excerpt), excerpt = access and excerpt(row) or "",
    reading_time = html ~= "" and reading_time(row) or nil,
    url = ("%s/%s/"):format(site, row.slug), access = access, comments = false,
  }
  for _, name in ipairs(POST_EXTRAS) do
    out[name] = text(row.meta[name])
  end
  if row.type == "page" then
    out.email_subject, out.show_title_and_feature_image = nil, true
  end
  add_relations(out, row, asked, site)
  return M.pick(out, asked.fields)
end

--- The site's settings.
---@param row table of model/post.lua, M.site
function M.settings(row, site)
  local out = {
    title = text(row.title), description = text(row.description), lang = row.lang or "en", locale = row.locale or "en",
    timezone = row.timezone or "Etc/UTC", navigation = json.array(row.navigation or {}),
    secondary_navigation = json.array(row.secondary_navigation or {}), url = site .. "/", version = "5.130",
    members_support_address = null, members_enabled = false, comments_enabled = "off", recommendations_enabled = false,
  }
  for _, name in ipairs({ "logo", "icon", "accent_color", "cover_image", "facebook", "twitter", "meta_title",
    "meta_description", "og_image", "og_title", "og_description", "twitter_image", "twitter_title",
    "twitter_description", "codeinjection_head", "codeinjection_foot" }) do
    out[name] = text(row[name])
  end
  return out
end

return M
