-- wrk's side of tools/bench: wrk … -- METHOD BODYFILE DEPTH. DEPTH requests are sent together (pipelining).
function init(args)
  wrk.method = args[1] or "GET"
  if args[2] and args[2] ~= "" then
    local file = assert(io.open(args[2], "rb"))
    wrk.body = file:read("*a")
    file:close()
    wrk.headers["Content-Type"] = "application/json"
  end
  local whole = wrk.format():rep(tonumber(args[3] or "1"))
  request = function() return whole end
end
