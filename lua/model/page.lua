-- model/page.lua: lists by keyset. A page goes on after the last row of the one before by comparing the sort columns,
-- so an index does the work however deep the reader is, and rows inserted meanwhile neither repeat nor vanish.
--
-- What services pass as `page`: { limit = 20, sort = { { "name", "asc" } }, after = { values of the last row } }; they
-- keep `after` as an opaque, signed cursor. Every order ends in a unique column.

local M = {}

local function direction_of(sort)
  local direction = sort[1][2]
  for _, key in ipairs(sort) do
    if key[2] ~= direction then return nil end
  end
  return direction
end

-- (a, b) > (?, ?) is what a multi-column index answers at once; with mixed directions the comparison is spelled out.
local function beyond(columns, sort, after)
  local direction = direction_of(sort)
  if direction then
    local names, holes = {}, {}
    for i, key in ipairs(sort) do
      local column = columns[key[1]]
      names[i], holes[i] = column[1], "?::" .. column[2]
    end
    local text = ("(%s) %s (%s)"):format(table.concat(names, ", "), direction == "asc" and ">" or "<",
      table.concat(holes, ", "))
    return { text, unpack(after) }
  end
  local texts, values = {}, {}
  for i, key in ipairs(sort) do
    local parts = {}
    for k = 1, i do
      local column = columns[sort[k][1]]
      local sign = k < i and "=" or (key[2] == "asc" and ">" or "<")
      parts[k] = ("%s %s ?::%s"):format(column[1], sign, column[2])
      values[#values + 1] = after[k]
    end
    texts[i] = "(" .. table.concat(parts, " and ") .. ")"
  end
  return { "(" .. table.concat(texts, " or ") .. ")", unpack(values) }
end

local function order(columns, sort)
  local parts = {}
  for i, key in ipairs(sort) do
    parts[i] = columns[key[1]][1] .. " " .. key[2]
  end
  return "order by " .. table.concat(parts, ", ")
end

-- The declared order, completed by the unique column unless it is there.
local function complete(spec, sort)
  local full, unique = {}, false
  for i, key in ipairs(sort or {}) do
    full[i] = key
    unique = unique or key[1] == spec.unique
  end
  if not unique then
    full[#full + 1] = { spec.unique, full[#full] and full[#full][2] or spec.direction or "desc" }
  end
  return full
end

---@class model.page.spec
---@field select string "select … from …"
---@field where table[] fragments, all must hold
---@field either? table[] fragments of which one must hold, each with an index of its own: none serves "this or that"
---in the order of a list, so a page is taken each way and the best of these pages make one
---@field columns table<string, { [1]: string, [2]: string }> what it may be sorted by: member of a row → SQL, type
---@field unique string the member that no two rows share
---@field direction? "asc"|"desc" order of the unique column when no sort is asked for, default "desc"

-- The statement: select, conditions, where the page goes on, order, limit.
local function statement(spec, way, sort, after, limit)
  local fragments = { spec.select, "where true" }
  local function add(...)
    for i = 1, select("#", ...) do fragments[#fragments + 1] = select(i, ...) end
  end
  for _, condition in ipairs(spec.where) do add("and", condition) end
  if way then add("and", way) end
  if after then add("and", beyond(spec.columns, sort, after)) end
  add(order(spec.columns, sort), { "limit ?::integer", limit })
  return fragments
end

local function united(spec, sort, after, limit)
  local fragments, names = { "select * from (" }, {}
  for i, way in ipairs(spec.either) do
    fragments[#fragments + 1] = i == 1 and "(" or "union ("
    for _, fragment in ipairs(statement(spec, way, sort, after, limit)) do fragments[#fragments + 1] = fragment end
    fragments[#fragments + 1] = ")"
  end
  for name in pairs(spec.columns) do names[name] = { name } end
  fragments[#fragments + 1] = ") as page " .. order(names, sort)
  fragments[#fragments + 1] = { "limit ?::integer", limit }
  return fragments
end

--- One page of a list.
---@param database model.connection
---@param spec model.page.spec
---@param page? { limit?: integer, sort?: table[], after?: any[] }
---@return { items: table[], next: any[]? }? list next: what to pass as after, nil at the end
---@return table? err
function M.list(database, spec, page)
  page = page or {}
  local limit = math.min(math.max(page.limit or 20, 1), 100)
  local sort = complete(spec, page.sort)
  if page.after and #page.after ~= #sort then
    return nil, { code = "invalid", message = "the cursor belongs to another order", field = "cursor", model = true }
  end
  local ways = spec.either or {}
  local fragments = #ways > 1 and united(spec, sort, page.after, limit + 1)
    or statement(spec, ways[1], sort, page.after, limit + 1)
  local rows, err = database:query(unpack(fragments))
  if not rows then return nil, err end

  local items, following = {}, nil
  for i = 1, math.min(#rows, limit) do items[i] = rows[i] end
  if #rows > limit then
    following = {}
    for i, key in ipairs(sort) do following[i] = items[limit][key[1]] end
  end
  return { items = items, next = following }
end

return M
