-- services/content/resources.lua: the read side of Ghost's Content API: what each resource answers. Every handler gets
-- (req, asked, site) and returns the body as a table, or nil, err.

local errors = require "web.errors"
local json = require "host.json"
local nql = require "services.content.nql"
local post = require "model.post"
local post_filter = require "model.post_filter"
local present = require "services.content.present"
local query = require "services.content.query"

local M = {}

-- The filter as the model takes it; `kind` says whose members it may ask for.
local function where_of(kind, asked)
  if not asked.filter then return nil end
  local where, message = post_filter.condition(kind, asked.filter, nql.null)
  if not where then return nil, errors.new("malformed", "Error parsing filter: " .. message .. ".") end
  return where
end

local function page_of(asked)
  return { limit = asked.limit == "all" and query.MOST or asked.limit, page = asked.page, order = asked.order }
end

-- {"posts": […], "meta": {"pagination": …}}
local function listing(name, rows, asked, total, show)
  local items = json.array {}
  for i, row in ipairs(rows) do items[i] = show(row) end
  return { [name] = items, meta = { pagination = query.pagination(asked, total) } }
end

local function not_found(noun)
  return nil, errors.new("not_found", noun .. " not found.")
end

-- Posts and pages are the same but for their type.
local function post_resource(name, type_, noun)
  return {
    browse = function(_, asked, site)
      local where, err = where_of("posts", asked)
      if err then return nil, err end
      local found, failure = post.browse({ type = type_, where = where }, page_of(asked))
      if not found then return nil, failure end
      return listing(name, found.items, asked, found.total, function(row) return present.post(row, asked, site) end)
    end,
    read = function(_, asked, site, by, value)
      local row, err = post.read(type_, by, value)
      if not row then
        if err.code == "not_found" then return not_found(noun) end
        return nil, err
      end
      return { [name] = json.array { present.post(row, asked, site) } }
    end,
  }
end

-- Tags and authors: those that have published posts.
local function related_resource(name, noun, list, show)
  local function shown(row, asked, site)
    return present.pick(show(row, site, asked.include), asked.fields)
  end
  return {
    browse = function(_, asked, site)
      local where, err = where_of(name, asked)
      if err then return nil, err end
      local found, failure = list(page_of(asked), where)
      if not found then return nil, failure end
      return listing(name, found.items, asked, found.total, function(row) return shown(row, asked, site) end)
    end,
    read = function(_, asked, site, by, value)
      local row, err = post.related(name, by, value)
      if not row then
        if err.code == "not_found" then return not_found(noun) end
        return nil, err
      end
      return { [name] = json.array { shown(row, asked, site) } }
    end,
  }
end

M.posts = post_resource("posts", "post", "Post")
M.pages = post_resource("pages", "page", "Page")
M.tags = related_resource("tags", "Tag", post.tags, present.tag)
M.authors = related_resource("authors", "Author", post.authors, present.author)

M.settings = {
  browse = function(_, _, site)
    local row, err = post.site()
    if not row then return nil, err end
    return { settings = present.settings(row, site), meta = {} }
  end,
}

-- Everything here is public: there is nothing to pay for and nothing to subscribe to.
local function none(name)
  return {
    browse = function(_, asked)
      return listing(name, {}, asked, 0)
    end,
  }
end

M.tiers = none("tiers")
M.newsletters = none("newsletters")

return M
