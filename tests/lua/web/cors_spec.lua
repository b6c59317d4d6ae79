-- Pages of other origins: which may call, and what their browsers are told.

local cors = require "web.cors"

local function request(method, headers)
  local http = { method = method }
  function http:header(name) return headers[name] end
  return http
end

describe("web.cors", function()
  local listed = cors.new { "https://school.example" }

  it("tells the pages of an origin that is listed, and caches that answers differ by origin", function()
    local out = listed(request("GET", { origin = "https://school.example" }), 200, { etag = "x" })
    assert.same({ "https://school.example", "Origin", "x" },
      { out["access-control-allow-origin"], out.vary, out.etag })
    for _, headers in ipairs { {}, { origin = "https://evil.example" }, { origin = "null" } } do
      out = listed(request("GET", headers), 200, { vary = "Accept-Encoding" })
      assert.is_nil(out["access-control-allow-origin"])
      assert.equal("Accept-Encoding, Origin", out.vary)
    end
  end)

  it("says in a preflight what may be sent", function()
    local asked = { origin = "https://school.example", ["access-control-request-method"] = "PATCH" }
    local out = listed(request("OPTIONS", asked), 204, { allow = "GET, HEAD, PATCH, OPTIONS" })
    assert.equal("GET, HEAD, PATCH, OPTIONS", out["access-control-allow-methods"])
    for _, name in ipairs { "Authorization", "If-Match", "Idempotency-Key", "Last-Event-ID" } do
      assert.truthy(out["access-control-allow-headers"]:find(name, 1, true), name)
    end
  end)

  it("adds nothing where no origin is listed", function()
    assert.same({ etag = "x" }, cors.new {}(request("GET", { origin = "https://evil.example" }), 200, { etag = "x" }))
  end)
end)
