-- Script of the load generator `wrk`: every request carries events that no other request has.
-- Arguments: file of events (one a line, event_id first), events per request, number of this run.

local threads = {}
local HEAD = '{"event_id":"'
local ID_LENGTH = 36

function setup(thread)
  thread:set("thread_number", #threads)
  table.insert(threads, thread)
end

function init(args)
  events = {}
  for line in io.lines(args[1]) do
    assert(line:sub(1, #HEAD) == HEAD, "an event must begin with its event_id")
    events[#events + 1] = line:sub(#HEAD + ID_LENGTH + 1)
  end
  per_request = tonumber(args[2])
  run = tonumber(args[3])
  sequence, accepted, refused = 0, 0, 0
  wrk.method = "POST"
  wrk.headers["content-type"] = "application/x-ndjson"
end

local function next_event()
  sequence = sequence + 1
  local id = string.format("%08x-%04x-4000-8000-%012x", run, thread_number, sequence)
  return HEAD .. id .. events[sequence % #events + 1]
end

function request()
  if per_request == 1 then return wrk.format(nil, nil, nil, next_event()) end
  local lines = {}
  for i = 1, per_request do lines[i] = next_event() end
  return wrk.format(nil, nil, nil, table.concat(lines, "\n"))
end

function response(status)
  if status == 202 then accepted = accepted + per_request else refused = refused + 1 end
end

-- Latency is in microseconds.
function done(summary, latency)
  local sum = { accepted = 0, refused = 0 }
  for _, thread in ipairs(threads) do
    sum.accepted = sum.accepted + thread:get("accepted")
    sum.refused = sum.refused + thread:get("refused")
  end
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"accepted":%d,"refused":%d,"requests":%d,"duration_us":%d,"broken":%d,"timeouts":%d,"p50_us":%d,"p99_us":%d}\n',
    sum.accepted, sum.refused, summary.requests, summary.duration,
    errors.connect + errors.read + errors.write, errors.timeout, latency:percentile(50), latency:percentile(99)))
end
