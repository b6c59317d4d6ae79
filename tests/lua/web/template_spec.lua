-- Templates: what is escaped, what is not, and where errors point.

local json = require "host.json"
local template = require "web.template"

local function render(text, page, more)
  local sources = { main = text }
  for name, source in pairs(more or {}) do sources[name] = source end
  return template.new(function(name) return sources[name] end, { shout = string.upper }):render("main", page or {})
end

describe("web.template", function()
  it("escapes values", function()
    assert.equal("<p title=\"&lt;&quot;&#39;&amp;&gt;\">", render('<p title="{{ page.x }}">', { x = "<\"'&>" }))
  end)

  it("writes trusted HTML as it is", function()
    assert.equal("<b>", render("{* page.x *}", { x = "<b>" }))
  end)

  it("writes nothing for nil and null", function()
    assert.equal("[][]", render("[{{ page.a }}][{{ page.b }}]", { b = json.null }))
  end)

  it("runs Lua and leaves no empty lines behind", function()
    local text = "<ul>\n  {% for _, n in ipairs(page.list) do %}\n  <li>{{ n }}</li>\n  {% end %}\n</ul>\n"
    assert.equal("<ul>\n  <li>1</li>\n  <li>2</li>\n</ul>\n", render(text, { list = { 1, 2 } }))
  end)

  it("leaves ordinary names to the template", function()
    local text = "{% for _, text in ipairs(page.list) do local out, raw, put = text, text, text %}"
      .. "{{ out }}{* raw *}{{ put }}{% end %}"
    assert.equal("aaabbb", render(text, { list = { "a", "b" } }))
  end)

  it("includes others and knows its helpers", function()
    assert.equal("a<HI>", render("a{% include('part', { x = 'hi' }) %}", {}, { part = "<{{ shout(page.x) }}>" }))
  end)

  it("ignores remarks, whatever is in them", function()
    assert.equal("ab", render("a{# {{ nothing }} #}b"))
  end)

  it("keeps text that looks like Lua", function()
    local odd = 'a "quoted" \\ back\\nslash ]] %d \r\n end'
    assert.equal(odd, render(odd))
  end)

  -- Not error_matches: busted takes the position off.
  local function fails(text)
    local ok, message = pcall(render, text)
    assert.is_false(ok)
    return message
  end

  it("names the line of an error", function()
    assert.matches("^main:3:", fails("one\ntwo\n{{ page.x.y }}\n"))
    assert.matches("^main:4:", fails("{% local a = 1 %}\n{# two\nlines #}\n{{ page.x.y }}\n"))
    assert.matches("^main:2:", fails("one\n{% if = then %}\n"))
    assert.matches("^main:2: {{ is not closed", fails("one\n{{ page.x"))
    assert.matches('knows no "os"', fails("{{ os }}"))
    assert.matches('no template "none"', fails("{% include('none') %}"))
  end)
end)
