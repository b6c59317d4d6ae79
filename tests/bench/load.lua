-- wrk's side of tools/bench: wrk … -- METHOD BODYFILE DEPTH. DEPTH requests are sent together (pipelining). The last
-- line that it prints is RESULT and a JSON object.
function init(args)
  wrk.method = args[1] or "GET"
  if args[2] and args[2] ~= "" then
    local file = assert(io.open(args[2], "rb"))
    wrk.body = file:read("*a")
    file:close()
  end
  local whole = wrk.format():rep(tonumber(args[3] or "1"))
  request = function() return whole end
end

function done(summary, latency)
  local e = summary.errors
  print(('RESULT {"requests": %d, "seconds": %.6f, "p50": %.4f, "p99": %.4f, "errors": %d}'):format(summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
