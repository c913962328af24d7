-- One token from each bucket, or none from any; the server's clock, so that replicas need not agree about the time.
-- KEYS: the instant from which this server remembers, then the buckets.
-- ARGV: patience in seconds, 1 to penalise instead of taking, then per bucket: capacity, refill, what was spent meanwhile
-- without asking. Answers: 1 when the place is given, and the wait in microseconds.
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local patience, penalise = tonumber(ARGV[1]), ARGV[2] == '1'
-- A bucket that this server does not know has been full for long, unless the server has forgotten everything: then it
-- is taken as empty at that instant, for EC2 has forgotten nothing.
local since = tonumber(redis.call('GET', KEYS[1]))
if not since then
  since = now
  redis.call('SET', KEYS[1], string.format('%.6f', now))
end
redis.call('EXPIRE', KEYS[1], 604800)
local wait, levels = 0, {}
for i = 2, #KEYS do
  local a = 3 * (i - 2) + 3
  local capacity, refill, spent = tonumber(ARGV[a]), tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local known = redis.call('HMGET', KEYS[i], 'tokens', 'at')
  local tokens, at = tonumber(known[1] or 0), tonumber(known[2] or since)
  tokens = math.min(capacity, tokens + math.max(0, now - at) * refill)
  tokens = math.max(tokens - spent, math.min(tokens, -capacity))
  if penalise then
    tokens = math.min(tokens, math.max(-1, math.min(0, tokens - 1)))
  end
  levels[i] = tokens
  wait = math.max(wait, (1 - tokens) / refill)
end
local given = not penalise and wait <= patience
for i = 2, #KEYS do
  local a = 3 * (i - 2) + 3
  local capacity, refill, tokens = tonumber(ARGV[a]), tonumber(ARGV[a + 1]), levels[i]
  if given then tokens = tokens - 1 end
  redis.call('HSET', KEYS[i], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
  -- Once it is full again, not knowing it says the same.
  redis.call('EXPIRE', KEYS[i], math.ceil((capacity - tokens) / refill) + 60)
end
return { given and 1 or 0, math.ceil(wait * 1000000) }
