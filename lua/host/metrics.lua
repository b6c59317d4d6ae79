---@meta host.metrics

-- Counters in memory that the workers share; /metrics of the admin listener prints them in Prometheus' text format.

---@class host.metrics
local metrics = {}

---@class host.metric
local metric = {}

---@param name string
---@param help string
---@param labels? string[]
---@return host.metric
function metrics.counter(name, help, labels) end

---@param name string
---@param help string
---@param labels? string[]
---@return host.metric
function metrics.gauge(name, help, labels) end

---@param name string
---@param help string
---@param labels? string[]
---@param buckets? number[] upper bounds, ascending; default: seconds from 0.001 to 10
---@return host.metric
function metrics.histogram(name, help, labels, buckets) end

---@param n? number default 1
---@param ... string label values in order
function metric:add(n, ...) end

---@param value number
---@param ... string
function metric:set(value, ...) end

---@param value number
---@param ... string
function metric:observe(value, ...) end

---@return string everything, Prometheus text
function metrics.render() end

return metrics
