-- Cursors: what a list's answer says, the next request gives back, and nothing else is taken.

local cursor = require "web.cursor"

local function request(query)
  return { query = query, route = { label = "GET /things" } }
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

  it("refuses a cursor that was changed or made for another list or order", function()
    local text = cursor.encode("GET /things\n", { 5 })
    assert.same({ 5 }, { unpack(cursor.page(request { limit = 1, cursor = text }).after) })
    local others = {
      { limit = 1, cursor = text:gsub("^.", "x") }, { limit = 1, cursor = "nonsense" },
      { limit = 1, cursor = text .. "A" }, { limit = 1, cursor = text, sort = { "name" } },
      { limit = 1, cursor = cursor.encode("GET /others\n", { 5 }) },
    }
    for _, query in ipairs(others) do
      local page, err = cursor.page(request(query))
      assert.is_nil(page)
      assert.equal("cursor", err.errors[1].parameter)
    end
  end)

  it("reads an order", function()
    local page = cursor.page(request { limit = 1, sort = { "name", "-created_at" } })
    assert.same({ { "name", "asc" }, { "created_at", "desc" } }, page.sort)
    page = cursor.page(request { limit = 1, sort = { "-name", "name", "created_at" } })
    assert.same({ { "name", "desc" }, { "created_at", "asc" } }, page.sort)
  end)
end)
