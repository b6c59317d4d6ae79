local roblox = require "tests.support.roblox_world"

local Api = roblox.load("shared/Api")

-- HttpService as far as it is used: a request that is answered or raises, and a JSON of its own for what is asked here.
local function http(response)
  local service = {}
  function service.JSONEncode(_, item) return "json:" .. item.n end
  function service.JSONDecode(_, text) return assert(({ ["{n:1}"] = { n = 1 }, ["{code}"] = { code = "gone",
    detail = "It is gone." } })[text], "no JSON") end
  function service.RequestAsync(self, request)
    self.request = request
    if type(response) == "string" then error(response, 0) end
    return response
  end
  return service
end

local function answer(status, body, headers)
  return { Success = status < 300, StatusCode = status, Body = body, Headers = headers or {} }
end

describe("roblox/shared/Api.luau", function()
  it("sends JSON with the token and decodes the answer", function()
    local service = http(answer(200, "{n:1}"))
    local api = Api.new(service, "http://bridge:5001//")
    api.token = "Bearer x"
    assert.same({ n = 1 }, api:call("POST", "/v1/acks", { n = 5 }))
    assert.same({
      Url = "http://bridge:5001/v1/acks", Method = "POST", Body = "json:5",
      Headers = { Accept = "application/json", Authorization = "Bearer x", ["Content-Type"] = "application/json" },
    }, service.request)
  end)

  it("sends no body with a GET, and takes an answer without one", function()
    local service = http(answer(204, ""))
    assert.is_true(Api.new(service, "http://b"):call("GET", "/v1/patches"))
    assert.is_nil(service.request.Body)
  end)

  it("gives a problem's words and the time to wait", function()
    local _, failure = Api.new(http(answer(410, "{code}", { ["retry-after"] = "7" })), "http://b"):call("GET", "/")
    assert.same({ status = 410, code = "gone", message = "It is gone.", retry_after = 7 }, failure)
  end)

  it("copes with answers that are no JSON and with no answer at all", function()
    local _, failure = Api.new(http(answer(502, "<html>")), "http://b"):call("GET", "/")
    assert.same({ 502, "HTTP 502" }, { failure.status, failure.message })
    _, failure = Api.new(http(answer(200, "<html>")), "http://b"):call("GET", "/")
    assert.equal(0, failure.status)
    _, failure = Api.new(http("ConnectFail"), "http://b"):call("GET", "/")
    assert.same({ status = 0, message = "ConnectFail" }, failure)
  end)
end)
