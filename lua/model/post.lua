-- model/post.lua: posts and pages of the content service, with their tags and authors. services/content shapes them as
-- Ghost does; here is what is stored.

local json = require "host.json"
local pg = require "host.pg"
local cache = require "model.cache"
local db = require "model.db"
local id = require "util.id"

local M = {}

local COLUMNS = "p.id, p.uuid, p.source_key, p.type, p.status, p.visibility, p.title, p.slug, p.html, p.plaintext,"
  .. " p.custom_excerpt, p.feature_image, p.featured, p.meta, p.published_at, p.created_at, p.updated_at, p.revision"

--- A slug of a title: lower case, hyphens, ASCII; "post" if nothing is left.
---@param title string
---@return string
function M.slug(title)
  local slug = title:lower():gsub("[^%w]+", "-"):gsub("^%-+", ""):sub(1, 150):gsub("%-+$", "")
  return slug ~= "" and slug or "post"
end

-- The first free one of slug, slug-2, slug-3, …
local function free_slug(tx, slug, post_id)
  local rows, err = tx:query({ "select p.slug from posts p where (p.slug = ? or p.slug like ? || '-%') and p.id <> ?",
    slug, slug, post_id or "" })
  if not rows then return nil, err end
  local taken = {}
  for _, row in ipairs(rows) do taken[row.slug] = true end
  local candidate, n = slug, 1
  while taken[candidate] do
    n = n + 1
    candidate = slug .. "-" .. n
  end
  return candidate
end

local function author_of(tx, author)
  return tx:one({ "insert into authors as a (id, user_id, name, slug) values (?, ?, ?, ?)"
    .. " on conflict (user_id) do update set name = excluded.name returning a.id",
    id.object_id(), author.user_id, author.name, M.slug(author.name) .. "-" .. author.user_id:sub(-6) })
end

local function tag_of(tx, name)
  return tx:one({ "insert into tags as t (id, name, slug) values (?, ?, ?)"
    .. " on conflict (slug) do update set name = t.name returning t.id", id.object_id(), name, M.slug(name) })
end

-- Tags and authors are few: one statement each, in order.
local function attach(tx, post_id, post)
  local statements = {
    { { "delete from post_tags where post_id = ?", post_id } },
    { { "delete from post_authors where post_id = ?", post_id } },
  }
  local seen = {}
  for position, name in ipairs(post.tags or {}) do
    local tag, err = tag_of(tx, name)
    if not tag then return nil, err end
    if not seen[tag.id] then
      seen[tag.id] = true
      table.insert(statements, { { "insert into post_tags (post_id, tag_id, position) values (?, ?, ?)",
        post_id, tag.id, position } })
    end
  end
  if post.author then
    local author, err = author_of(tx, post.author)
    if not author then return nil, err end
    table.insert(statements, { { "insert into post_authors (post_id, author_id, position) values (?, ?, 1)",
      post_id, author.id } })
  end
  return tx:batch(statements)
end

---@class model.post.new
---@field title string
---@field html string
---@field plaintext string
---@field source_key? string what it is made of; publishing it again updates the post
---@field custom_excerpt? string
---@field tags? string[]
---@field author? { user_id: string, name: string }
---@field status? "draft"|"published"
---@field type? "post"|"page"

local function store(post)
  return db.content:transaction(function(tx)
    local known, err = tx:query({ "select p.id, p.slug from posts p where p.source_key = ? for update",
      post.source_key })
    if not known then return nil, err end
    local post_id = known[1] and known[1].id or id.object_id()
    local slug = known[1] and known[1].slug
    if not slug then
      local taken
      slug, taken = free_slug(tx, M.slug(post.title))
      if not slug then return nil, taken end
    end
    local row, failure = tx:one({ "insert into posts as p (id, uuid, source_key, type, status, title, slug, html,"
      .. " plaintext, custom_excerpt, published_at) values (?, ?, ?, ?, 'published', ?, ?, ?, ?, ?, now())"
      .. " on conflict (source_key) do update set title = excluded.title, html = excluded.html,"
      .. " plaintext = excluded.plaintext, custom_excerpt = excluded.custom_excerpt, status = 'published',"
      .. " published_at = coalesce(p.published_at, now()) returning " .. COLUMNS,
      post_id, id.uuid(), post.source_key, post.type or "post", post.title, slug, post.html, post.plaintext,
      post.custom_excerpt })
    if not row then return nil, failure end
    local attached, broken = attach(tx, row.id, post)
    if not attached then return nil, broken end
    return row
  end)
end

--- Publishes what has a source: makes the post, or brings it up to date. Its slug and address stay.
---@param post model.post.new
---@return table? post
function M.publish(post)
  local published, err = store(post)
  if published then cache.forget("post") end
  return published, err
end

-- The tags and authors of posts, two statements for any number of posts.
local function with_relations(rows)
  local ids, by_id = {}, {}
  for i, row in ipairs(rows) do
    ids[i], by_id[row.id] = row.id, row
    row.tags, row.authors = json.array {}, json.array {}
  end
  if #ids == 0 then return rows end
  local results, err = db.content:batch {
    { { "select x.post_id, t.id, t.name, t.slug, t.description, t.visibility from post_tags x"
      .. " join tags t on t.id = x.tag_id where x.post_id = any(?::text[]) order by x.position", pg.array(ids) } },
    { { "select x.post_id, a.id, a.name, a.slug, a.bio, a.profile_image, a.cover_image, a.website, a.location"
      .. " from post_authors x join authors a on a.id = x.author_id where x.post_id = any(?::text[])"
      .. " order by x.position", pg.array(ids) } },
  }
  if not results then return nil, err end
  for i, name in ipairs { "tags", "authors" } do
    for _, relation in ipairs(results[i]) do
      local list = by_id[relation.post_id][name]
      relation.post_id = nil
      list[#list + 1] = relation
    end
  end
  return rows
end

local ORDERS = {
  published_at = "p.published_at", created_at = "p.created_at", updated_at = "p.updated_at", title = "p.title",
  slug = "p.slug", id = "p.id", featured = "p.featured",
}

-- order: { { "published_at", "desc" }, … }; unknown members are left out, the id makes it whole.
local function order_by(order)
  local parts = {}
  for _, key in ipairs(order or {}) do
    if ORDERS[key[1]] then parts[#parts + 1] = ORDERS[key[1]] .. (key[2] == "asc" and " asc" or " desc") end
  end
  if #parts == 0 then parts[1] = "p.published_at desc" end
  return "order by " .. table.concat(parts, ", ") .. ", p.id desc"
end

local function conditions(filter)
  local list = { { "where p.status = 'published' and p.type = ?", filter.type or "post" } }
  local function also(text, value)
    if value ~= nil then list[#list + 1] = { text, value } end
  end
  also("and p.slug = ?", filter.slug)
  also("and p.slug = any(?::text[])", filter.slugs and pg.array(filter.slugs))
  also("and p.featured = ?::boolean", filter.featured)
  also("and p.visibility = ?", filter.visibility)
  also("and exists (select 1 from post_tags x join tags t on t.id = x.tag_id where x.post_id = p.id and t.slug = ?)",
    filter.tag)
  also("and exists (select 1 from post_authors x join authors a on a.id = x.author_id"
    .. " where x.post_id = p.id and a.slug = ?)", filter.author)
  if filter.where then
    list[#list + 1] = "and"
    list[#list + 1] = filter.where
  end
  return list
end

--- Published posts by number of page, as Ghost's API counts. filter: { type?, slug?, slugs?, featured?, visibility?,
--- tag?, author?, where? (a fragment of model/post_filter.lua) }
---@param page { limit: integer, page: integer, order?: table[] }
---@return { items: table[], total: integer }?
function M.browse(filter, page)
  local where = conditions(filter)
  local count, err = db.content:one("select count(*) as total from posts p", unpack(where))
  if not count then return nil, err end
  local list = { "select " .. COLUMNS .. " from posts p", unpack(where) }
  list[#list + 1] = order_by(page.order)
  list[#list + 1] = { "limit ?::integer offset ?::bigint", page.limit, (page.page - 1) * page.limit }
  local rows, failure = db.content:query(unpack(list))
  if not rows then return nil, failure end
  local whole, broken = with_relations(rows)
  if not whole then return nil, broken end
  return { items = whole, total = count.total }
end

--- One published post or page: from the cache, since all readers of the site read the same.
---@param by "id"|"slug"
function M.read(type_, by, value)
  return cache.through("post", table.concat({ type_, by, value }, ":"), function()
    local row, err = db.content:one({ "select " .. COLUMNS .. " from posts p where p.status = 'published'"
      .. " and p.type = ? and p." .. (by == "id" and "id" or "slug") .. " = ?", type_, value })
    if not row then return nil, err end
    local rows, failure = with_relations { row }
    if not rows then return nil, failure end
    return rows[1]
  end)
end

-- Tags and authors with the number of their published posts; only those that have any, as Ghost does.
local function browse_related(columns, relation, page, where)
  local from = (" from %s r join lateral (select count(*) as posts from %s x join posts p on p.id = x.post_id"
    .. " where x.%s = r.id and p.status = 'published' and p.type = 'post') n on n.posts > 0 where")
    :format(unpack(relation))
  local count, err = db.content:one("select count(*) as total" .. from, where or "true")
  if not count then return nil, err end
  local rows, failure = db.content:query("select " .. columns .. ", n.posts" .. from, where or "true",
    { "order by r.name, r.id limit ?::integer offset ?::bigint", page.limit, (page.page - 1) * page.limit })
  if not rows then return nil, failure end
  return { items = rows, total = count.total }
end

local TAG = "r.id, r.name, r.slug, r.description, r.visibility"
local AUTHOR = "r.id, r.name, r.slug, r.bio, r.profile_image, r.cover_image, r.website, r.location"

--- Tags that published posts have.
---@param page { limit: integer, page: integer }
---@param where? table fragment of model/post_filter.lua
---@return { items: table[], total: integer }?
function M.tags(page, where)
  return browse_related(TAG, { "tags", "post_tags", "tag_id" }, page, where)
end

--- Authors who have published posts.
---@param page { limit: integer, page: integer }
---@param where? table fragment of model/post_filter.lua
---@return { items: table[], total: integer }?
function M.authors(page, where)
  return browse_related(AUTHOR, { "authors", "post_authors", "author_id" }, page, where)
end

--- One tag or author by id or slug.
---@param kind "tags"|"authors"
---@param by "id"|"slug"
function M.related(kind, by, value)
  return db.content:one({ "select " .. (kind == "tags" and TAG or AUTHOR) .. " from "
    .. (kind == "tags" and "tags" or "authors") .. " r where r." .. (by == "id" and "id" or "slug") .. " = ?", value })
end

--- The site's settings as one table.
function M.site()
  local rows, err = db.content:query("select s.key, s.value from site_settings s")
  if not rows then return nil, err end
  local site = {}
  for _, row in ipairs(rows) do site[row.key] = row.value end
  return site
end

--- Makes a Content API key: 26 hex digits, told this once.
---@return { id: string, name: string, key: string }?
function M.make_key(name)
  local key = id.object_id() .. id.object_id():sub(1, 2)
  local row, err = db.content:one({ "insert into content_keys (id, name, key_hash) values (?, ?, ?) returning id, name",
    id.uuid(), name, pg.bytes(id.digest(key)) })
  if not row then return nil, err end
  row.key = key
  return row
end

--- Whether a Content API key is valid.
---@return table? key
---@return table? err not_found
function M.key(key)
  return db.content:one({ "select k.id, k.name from content_keys k where k.key_hash = ? and k.revoked_at is null",
    pg.bytes(id.digest(key)) })
end

return M
