local json = require "host.json"
local table_text = require "util.table_text"

describe("rows as CSV", function()
  it("have a line of names, quotation marks where needed, and empty fields for what is not there", function()
    assert.are.equal('a,b\r\n1,"x, ""y"""\r\n,"l\n"\r\n',
      table_text.csv { { a = 1, b = 'x, "y"' }, { a = json.null, b = "l\n" } })
    assert.are.equal("", table_text.csv {})
  end)

  it("hold no formulas, and lists as JSON", function()
    assert.are.equal('f,l\r\n\'=1+1,"[""r"",""w""]"\r\n', table_text.csv { { f = "=1+1", l = { "r", "w" } } })
  end)
end)
