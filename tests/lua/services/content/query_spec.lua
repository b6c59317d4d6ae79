local json = require "host.json"
local query = require "services.content.query"

local function read(given)
  return query.read(given)
end

describe("services.content.query", function()
  it("has Ghost's defaults", function()
    local asked = read({})
    assert.same({ 15, 1, {}, { html = true } }, { asked.limit, asked.page, asked.order, asked.formats })
    assert.same({}, asked.include)
    assert.is_nil(asked.fields)
  end)

  it("reads limits as Ghost 6 does", function()
    assert.same({ 15, 100, 7, "all" }, {
      read({ limit = "0" }).limit, read({ limit = "500" }).limit, read({ limit = "7" }).limit,
      read({ limit = "all" }).limit,
    })
  end)

  it("reads lists leniently", function()
    assert.same({ authors = true, tags = true }, read({ include = "Authors, tags" }).include)
    assert.same({ title = true, url = true }, read({ fields = "title,url," }).fields)
    assert.same({ { "published_at", "desc" }, { "title", "asc" } },
      read({ order = "published_at DESC, title" }).order)
  end)

  it("tells bad values as invalid and bad filters as malformed", function()
    for name, value in pairs({ limit = "ten", page = "0", order = "title;drop", formats = "pdf" }) do
      local asked, err = read({ [name] = value })
      assert.is_nil(asked)
      assert.equal("invalid", err.code)
    end
    local _, err = read({ filter = "tag:" })
    assert.equal("malformed", err.code)
    assert.truthy(err.message:find("character 5", 1, true))
  end)

  it("counts pages", function()
    assert.same({ page = 2, limit = 15, pages = 3, total = 31, next = 3, prev = 1 },
      query.pagination({ page = 2, limit = 15 }, 31))
    assert.same({ page = 1, limit = 15, pages = 1, total = 0, next = json.null, prev = json.null },
      query.pagination({ page = 1, limit = 15 }, 0))
    assert.equal(1, query.pagination({ page = 1, limit = "all" }, 99).pages)
  end)
end)
