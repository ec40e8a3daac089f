/**
 * What runs inside Valkey, each script atomically: merge what the asking host knows with what is here, take the step of
 * ../greylist_step.ts, write, answer. `scripts.e2e.test.ts` holds the step to the one in TypeScript.
 *
 * A record is text, "first last count", and behind it "floor" when somebody had it forgotten: what a host knows from that second
 * or before is not taken from it any more. A forgotten record has count 0. The time comes from the asker, so that all rules of a
 * decision see one clock; a record's life is told to Valkey as a length, so that the clock of its host does not matter.
 */

const RECORD = `
local function parse(text)
  if not text or text == '' then return nil end
  local first, last, count, floor = string.match(text, '^(%-?%d+) (%-?%d+) (%d+) ?(%-?%d*)$')
  if not first then return nil end
  return { first = tonumber(first), last = tonumber(last), count = tonumber(count), floor = tonumber(floor) }
end

local function write(key, record, life, now)
  -- Whole numbers below 10^14 become text without a fraction or an exponent.
  local text = record.first .. ' ' .. record.last .. ' ' .. record.count
  if record.floor then text = text .. ' ' .. record.floor end
  redis.call('SET', key, text, 'PX', math.max(1, life - math.max(0, now - record.last)) * 1000)
end

-- Null for nothing, and for what was forgotten.
local function alive(record)
  if record and record.count > 0 then return record end
  return nil
end

local function numbers(record)
  if not alive(record) then return 0, 0, 0 end
  return record.first, record.last, record.count
end

-- What one memory would know that had seen all that both have seen. Second result: whether it differs from what is here.
local function merge(here, theirs, now, life, rules)
  if not theirs or now - theirs.last > life then return here, false end
  if here and here.floor and theirs.last <= here.floor then return here, false end
  theirs.floor = here and here.floor
  if not alive(here) then return theirs, true end
  local older, newer = here, theirs
  if theirs.last < here.last then older, newer = theirs, here end
  -- The newer began anew when the older had expired, or had not passed in time.
  if newer.first - older.last > life
    or rules and older.last - older.first < rules.delay and newer.first - older.first > rules.window then
    return newer, newer == theirs
  end
  local merged = {
    first = math.min(older.first, newer.first), last = newer.last, count = math.max(here.count, theirs.count), floor = here.floor
  }
  return merged, merged.first ~= here.first or merged.last ~= here.last or merged.count ~= here.count
end
`

/** Mirrors stepGreylist() in its three parts; `life` is max-age. */
const STEP = `
local CLIENT_PAUSE = 3600

local function kept(record, now, rules)
  if alive(record) and now - record.last <= rules.age then return record end
  return nil
end

-- 'pass' and the client's record, or nil and what is known of it.
local function stepClient(key, here, theirs, now, rules)
  local client, taught = merge(parse(here), parse(theirs), now, rules.age)
  local known = kept(client, now, rules)
  if known and known.count >= rules.allow then
    if now >= known.last + CLIENT_PAUSE or known.last > now then
      known.count = known.count + 1
      known.last = now
      taught = true
    end
    if taught then write(key, known, rules.age, now) end
    return 'pass', known
  end
  if taught then write(key, client, rules.age, now) end
  return nil, known, client
end

local function stepTriplet(key, here, theirs, now, rules)
  local known = merge(parse(here), parse(theirs), now, rules.age, rules)
  local triplet = kept(known, now, rules)
  local passedBefore = triplet ~= nil and triplet.last - triplet.first >= rules.delay
  local first = triplet and triplet.first or now
  if not passedBefore and now - first > rules.window then first = now end
  if first > now then first = now end
  local record = { first = first, last = now, count = (triplet and triplet.count or 0) + 1, floor = known and known.floor }
  local passes = now - first >= rules.delay
  local life = rules.window
  if passes then life = rules.age end
  write(key, record, life, now)
  return record, passedBefore, passes and not passedBefore
end

-- The client has passed with a triplet; its record, and its count if that increased it.
local function countClient(key, client, now, rules)
  local known = kept(client, now, rules)
  if known and now < known.last + CLIENT_PAUSE then return known, -1 end
  local record = { first = known and known.first or now, last = now, count = (known and known.count or 0) + 1 }
  record.floor = client and client.floor
  write(key, record, rules.age, now)
  return record, record.count
end

local now = tonumber(ARGV[1])
local rules = {
  delay = tonumber(ARGV[2]), window = tonumber(ARGV[3]), age = tonumber(ARGV[4]), allow = tonumber(ARGV[5])
}
`

export interface Script {
  readonly keys: number
  readonly lua: string
}

/**
 * Of all, KEYS[1] is the record; of `note`, KEYS[1] the client's and KEYS[2] the triplet's. What a host knows is a record's text
 * or ''. Replies are lists of whole numbers; three zeros stand for no record.
 */
export const scripts = {
  /** now delay window age allow CLIENT TRIPLET -> passed?, client (3), triplet (3), passed before?, client's new count or -1 */
  note: {
    keys: 2,
    lua: `${RECORD}${STEP}
local client, whole
local here = redis.call('MGET', KEYS[1], KEYS[2])
if rules.allow > 0 then
  local pass
  pass, client, whole = stepClient(KEYS[1], here[1], ARGV[6], now, rules)
  if pass then return { 1, client.first, client.last, client.count } end
end
local triplet, before, counts = stepTriplet(KEYS[2], here[2], ARGV[7], now, rules)
local count = -1
if counts and rules.allow > 0 then client, count = countClient(KEYS[1], whole, now, rules) end
local first, last, seen = numbers(client)
return { 0, first, last, seen, triplet.first, triplet.last, triplet.count, before and 1 or 0, count }
`,
  },
  /** now delay window age allow CLIENT -> passed?, client (3) */
  client: {
    keys: 1,
    lua: `${RECORD}${STEP}
local pass, client = stepClient(KEYS[1], redis.call('GET', KEYS[1]), ARGV[6], now, rules)
return { pass and 1 or 0, numbers(client) }
`,
  },
  /** now delay window age allow TRIPLET -> triplet (3), passed before?, does it count for the client? */
  triplet: {
    keys: 1,
    lua: `${RECORD}${STEP}
local triplet, before, counts = stepTriplet(KEYS[1], redis.call('GET', KEYS[1]), ARGV[6], now, rules)
return { triplet.first, triplet.last, triplet.count, before and 1 or 0, counts and 1 or 0 }
`,
  },
  /** now delay window age allow -> client (3), its new count or -1 */
  count: {
    keys: 1,
    lua: `${RECORD}${STEP}
local client, count = countClient(KEYS[1], parse(redis.call('GET', KEYS[1])), now, rules)
local first, last, seen = numbers(client)
return { first, last, seen, count }
`,
  },
  /**
   * now shortLife longLife delay window RECORD BY -> what is known now (3). BY is 'host' for what one of us knows, or 'put' for what
   * somebody decided: then the earlier first, the later last and the higher count stay, also of what was forgotten. With a delay
   * of -1 it is no triplet; a triplet that has not passed lives shortly. With a RECORD of '' nothing changes.
   */
  merge: {
    keys: 1,
    lua: `${RECORD}
local now, long, delay = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])
local here, theirs = parse(redis.call('GET', KEYS[1])), parse(ARGV[6])
local rules = nil
if ARGV[7] == 'put' then
  if here then here.floor = nil end
elseif delay >= 0 then
  rules = { delay = delay, window = tonumber(ARGV[5]) }
end
local function lifeOf(record)
  if delay >= 0 and record.last - record.first < delay then return tonumber(ARGV[2]) end
  return long
end
if theirs and now - theirs.last > lifeOf(theirs) then theirs = nil end
local merged, differs = merge(here, theirs, now, long, rules)
if differs then write(KEYS[1], merged, lifeOf(merged), now) end
return { numbers(merged) }
`,
  },
  /** now life RECORD -> what is known now (3): seen once more. */
  touch: {
    keys: 1,
    lua: `${RECORD}
local now, life = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = merge(parse(redis.call('GET', KEYS[1])), parse(ARGV[3]), now, life)
local old = alive(known)
if old and now - old.last > life then old = nil end
local record = { first = old and old.first or now, last = now, count = (old and old.count or 0) + 1 }
record.floor = known and known.floor
write(KEYS[1], record, life, now)
return { numbers(record) }
`,
  },
  /** now life -> was it there? Leaves a mark, so that no host that still knows the record brings it back. */
  forget: {
    keys: 1,
    lua: `${RECORD}
local now, life = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = parse(redis.call('GET', KEYS[1]))
write(KEYS[1], { first = now, last = now, count = 0, floor = now }, life, now)
return alive(known) and 1 or 0
`,
  },
} as const satisfies Readonly<Record<string, Script>>

export type ScriptName = keyof typeof scripts
