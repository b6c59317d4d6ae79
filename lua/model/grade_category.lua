-- model/grade_category.lua: kinds of work in a class and what each weighs in its grades: "Homework, 40 percent".

local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local page = require "model.page"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

local COLUMNS = "k.id, k.class_id, k.name, k.weight, k.drop_lowest, k.created_at, k.updated_at, k.revision"

-- Weights are percent of the whole: what they leave to 100 is the weight of work without a category. The class is
-- locked, so that two who add at once don't exceed it together.
local function fits(tx, class_id, weight, except)
  local sum, err = tx:one({ "select coalesce(sum(k.weight), 0)::integer as taken from grade_categories k"
    .. " where k.class_id = ?::uuid and k.id is distinct from ?::uuid", class_id, except })
  if not sum then return nil, err end
  if sum.taken + weight > 100 then
    return db.fail("invalid", ("the other categories leave %d percent"):format(100 - sum.taken), "weight")
  end
  return true
end

local function lock_class(tx, user, class_id)
  return tx:one({ "select c.id from classes c where c.id = ?::uuid and", class_id }, access.manages_class(user, "c"),
    "for update of c")
end

-- Weights are part of grades: who changes them is recorded. row, err are what changing has given.
local function note(tx, by, action, row, err)
  if not row then return nil, err end
  local recorded, lost = audit.record(tx, by, action, { kind = "class", id = row.class_id, class_id = row.class_id,
    detail = { category_id = row.id } })
  return recorded and row, lost
end

--- Makes a category.
---@param given { class_id: string, name: string, weight: integer, drop_lowest?: integer }
function M.create(user, given)
  return db.education:transaction(function(tx)
    local class, err = lock_class(tx, user, given.class_id)
    if not class then
      if err.code == "not_found" then return db.fail("invalid", "you keep no such class", "class_id") end
      return nil, err
    end
    local good, wrong = fits(tx, class.id, given.weight)
    if not good then return nil, wrong end
    local made, failure = tx:one({ "insert into grade_categories as k (id, class_id, name, weight, drop_lowest)"
      .. " values (?, ?, ?, ?, ?) returning " .. COLUMNS, id.uuid(), class.id, given.name, given.weight,
      given.drop_lowest or 0 })
    return note(tx, user, "grade_category.create", made, failure)
  end)
end

--- The categories of the classes that this person may see. filter: { class_id? }
function M.list(user, filter, pages)
  local where = { access.sees_class(user, "c", "k") }
  if filter.class_id then where[2] = { "k.class_id = ?::uuid", filter.class_id } end
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from grade_categories k join classes c on c.id = k.class_id",
    where = where,
    columns = { id = { "k.id", "uuid" } }, unique = "id", direction = "asc",
  }, pages)
end

--- A category of a class that this person may see.
function M.find(user, category_id)
  return db.education:one({ "select " .. COLUMNS .. " from grade_categories k join classes c on c.id = k.class_id"
    .. " where k.id = ?::uuid and", category_id }, access.sees_class(user, "c"))
end

--- Changes a category.
---@param changes { name?: string, weight?: integer, drop_lowest?: integer }
---@param revision integer? what the caller has seen
function M.update(user, category_id, changes, revision)
  return db.education:transaction(function(tx)
    local seen, err = tx:one({ "select k.class_id from grade_categories k where k.id = ?::uuid", category_id })
    if not seen then return nil, err end
    local class, denied = lock_class(tx, user, seen.class_id)
    if not class then return nil, denied end
    local good, wrong = fits(tx, seen.class_id, changes.weight or 0, category_id)
    if not good then return nil, wrong end
    local row, failure = tx:one({ "update grade_categories as k set name = coalesce(?, k.name), weight ="
      .. " coalesce(?::integer, k.weight), drop_lowest = coalesce(?::integer, k.drop_lowest) where k.id = ?::uuid"
      .. " and", changes.name, changes.weight, changes.drop_lowest, category_id }, sql.as_seen("k", revision),
      "returning " .. COLUMNS)
    if not row and failure.code == "not_found" then
      return db.fail("stale", "the category was changed meanwhile")
    end
    return note(tx, user, "grade_category.change", row, failure)
  end)
end

--- Deletes a category; its work has none then.
---@param revision integer? what the caller has seen
function M.delete(user, category_id, revision)
  return db.education:transaction(function(tx)
    local seen, err = tx:one({ "select k.revision from grade_categories k join classes c on c.id = k.class_id"
      .. " where k.id = ?::uuid and", category_id }, access.manages_class(user, "c"), "for update of k")
    if not seen then return nil, err end
    if revision and seen.revision ~= revision then
      return db.fail("stale", "the category was changed meanwhile")
    end
    local gone, failure = tx:one({ "delete from grade_categories k where k.id = ?::uuid returning k.id, k.class_id",
      category_id })
    return note(tx, user, "grade_category.delete", gone, failure)
  end)
end

return M
