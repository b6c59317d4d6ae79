-- Cursors: what a list's answer says, the next request gives back, and nothing else is taken.

local cursor = require "web.cursor"

local function request(query, path, user)
  return { query = query, path = path or "/things", user = user and { id = user } }
end

local function list_of(count)
  return function(page)
    local from = page.after and page.after[1] or 0
    local items = {}
    for i = from + 1, math.min(from + page.limit, count) do items[#items + 1] = { n = i } end
    local last = items[#items]
    return { items = items, next = last and last.n < count and { last.n } or nil }
  end
end

describe("web.cursor", function()
  it("walks a list to its end", function()
    local seen, query = {}, { limit = 3 }
    repeat
      local answer = assert(cursor.list(request(query), list_of(8)))
      for _, item in ipairs(answer.items) do seen[#seen + 1] = item.n end
      query = { limit = 3, cursor = answer.next }
    until type(answer.next) ~= "string"
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8 }, seen)
  end)

  it("takes a cursor only for the list, person, order and filters that it was made for", function()
    local asked = { sort = { "name" }, class_id = "c" }
    local function query(changes)
      local made = { limit = 1, sort = { "name" }, class_id = "c" }
      for name, value in pairs(changes) do made[name] = value or nil end
      return made
    end
    local text = cursor.answer(request(asked, nil, "ann"), { items = {}, next = { 5 } }).next
    local function is_taken(changes, path, user)
      changes.cursor = changes.cursor or text
      local page, err = cursor.page(request(query(changes), path, user or "ann"))
      if page then return assert.same({ 5 }, { unpack(page.after) }) end
      assert.equal("cursor", err.errors[1].parameter)
      return false
    end
    assert.truthy(is_taken {})
    assert.truthy(is_taken { limit = 9, fields = { "id" } })
    assert.is_false(is_taken { cursor = text:gsub("^.", "x") })
    assert.is_false(is_taken { cursor = text .. "A" })
    assert.is_false(is_taken { cursor = "nonsense" })
    assert.is_false(is_taken { sort = { "-name" } })
    assert.is_false(is_taken { sort = false })
    assert.is_false(is_taken { class_id = "d" })
    assert.is_false(is_taken({}, "/others"))
    assert.is_false(is_taken({}, nil, "bob"))
  end)

  it("reads an order", function()
    local page = cursor.page(request { limit = 1, sort = { "name", "-created_at" } })
    assert.same({ { "name", "asc" }, { "created_at", "desc" } }, page.sort)
    page = cursor.page(request { limit = 1, sort = { "-name", "name", "created_at" } })
    assert.same({ { "name", "desc" }, { "created_at", "asc" } }, page.sort)
  end)
end)
