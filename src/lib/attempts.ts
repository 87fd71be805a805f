// Guessing takes time: each failed sign-in lets the next one wait longer, by account, by address, and by both together.
import { createHmac } from 'node:crypto'
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel'
import { type Asked, createLocalAttempts, type Outcome, type Rule } from './local-attempts.ts'
import type { Redis } from './redis.ts'

/** `account` as it was typed, whether there is one or not. `addressHash` and what it was under the key before: see plugins/address.ts. */
export type Guess = { account: string; addressHash?: string | undefined; formerAddressHash?: string | undefined }
export type Attempts = ReturnType<typeof createAttempts>

type Options = {
  redis: Redis | undefined
  prefix: string
  secret: string
  /** Milliseconds of the first delay for one account from one address, and for an address. */
  firstDelay?: number
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** Milliseconds after which a try that nobody settled counts no more: its process died. */
const flight = 30_000
/** For how long, and for how many addresses, an account remembers where it signed in. */
const known = { days: 30, most: 20 }
/** Milliseconds for which nobody asks a Redis that failed. */
const pause = 1000

/**
 * Three counts of failures. Account and address together: 5 are free, then 30 s, doubling up to 15 min. The account, from wherever:
 * 20 are free, then 5 s, doubling up to 60 s; addresses where it signed in within 30 days are exempt, so that nobody locks an owner
 * out by knowing the name. The address: 50 are free, then as for both together. The free ones come back evenly over 24 h; a
 * success clears the account and the pair, but not the address, or an attacker's own account would.
 *
 * A try is counted before the password is looked at, so that a hundred guesses at once are no more than five; it then counts as
 * failed, or no more. A try within a delay is not counted. Keys are keyed hashes: they tell neither name nor address. Without Redis each process
 * counts for itself from zero, exempts nobody, and is never open.
 */
export function createAttempts({ redis, prefix, secret, firstDelay = minute / 2 }: Options) {
  const rules: readonly Rule[] = [
    { free: 20, first: Math.min(5000, firstDelay), most: minute, clears: true },
    { free: 50, first: firstDelay, most: 15 * minute, clears: false },
    { free: 5, first: firstDelay, most: 15 * minute, clears: true },
  ]
  const local = createLocalAttempts({ rules, hour, flight })
  const breaker = circuitBreaker(handleAll, { halfOpenAfter: pause, breaker: new ConsecutiveBreaker(1) })
  redis?.defineCommand('attempt', { numberOfKeys: 5, lua })

  return {
    /** Counts a try and answers 0, or answers the milliseconds to wait. Whoever gets 0 settles it by one of the others. */
    before: async (guess: Guess): Promise<number> => (await ask('before', guess)).wait,
    failed: (guess: Guess) => ask('failed', guess),
    succeeded: (guess: Guess) => ask('succeeded', guess),
    /** Nobody knows whether it was right: another part failed. */
    undecided: (guess: Guess) => ask('undecided', guess),
    isLocal: () => Boolean(redis) && breaker.state !== CircuitState.Closed,
  }

  async function ask(outcome: Outcome, guess: Guess): Promise<Asked> {
    const { account, addressHash = '', formerAddressHash = '' } = guess
    const names = [nameOf('account', account), nameOf('address', addressHash), nameOf('pair', account, addressHash)]
    if (!redis) return local.ask(outcome, names)
    try {
      return await breaker.execute(() => shared(redis, outcome, names, account, [addressHash, formerAddressHash]))
    } catch {
      return local.ask(outcome, names)
    }
  }

  async function shared(
    server: Redis,
    outcome: Outcome,
    names: readonly string[],
    account: string,
    addresses: readonly string[],
  ): Promise<Asked> {
    const attempt = (server as Redis & { attempt(...args: (string | number)[]): Promise<[number, number, number]> })
      .attempt
    const [wait, locked, tell] = await attempt.call(
      server,
      ...[...names, nameOf('known', account), nameOf('told', account)].map((name) => `${prefix}:attempts:${name}`),
      ...[outcome, ...addresses.map((address) => nameOf('from', account, address))],
      ...[hour, flight, known.days * day, known.most],
      ...rules.flatMap(({ free, first, most, clears }) => [free, first, most, clears ? 1 : 0]),
    )
    return { wait, locked: locked === 1, tell: tell === 1 }
  }

  function nameOf(kind: string, ...parts: string[]): string {
    const hash = createHmac('sha256', secret).update(JSON.stringify(['attempts', kind, ...parts]))
    return `${kind}:${hash.digest('base64url').slice(0, 22)}`
  }
}

// By the clock of Redis. A count is n (failures) at a time, until (of the delay), f (tries in flight) since a time.
const lua = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local outcome, hour, flight = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5])
local day = 24 * hour
local exempt = false
for i = 2, 3 do
  local signed_in = redis.call('ZSCORE', KEYS[4], ARGV[i])
  if signed_in and now - signed_in < tonumber(ARGV[6]) then exempt = true end
end
local counts, wait, locked, tell = {}, 0, 0, 0
for i = 1, 3 do
  local seen = redis.call('HMGET', KEYS[i], 'n', 'at', 'until', 'f', 'since')
  local free = tonumber(ARGV[4 + 4 * i])
  local count = { free = free, first = tonumber(ARGV[5 + 4 * i]), most = tonumber(ARGV[6 + 4 * i]), clears = ARGV[7 + 4 * i] == '1' }
  count.n = math.max(0, tonumber(seen[1] or 0) - (now - tonumber(seen[2] or now)) * free / day)
  count.till = tonumber(seen[3] or 0)
  count.since = tonumber(seen[5] or 0)
  count.f = (now - count.since < flight) and tonumber(seen[4] or 0) or 0
  counts[i] = count
  if outcome == 'before' and not (i == 1 and exempt) then
    if count.till > now then wait = math.max(wait, count.till - now)
    elseif count.f > 0 and math.ceil(count.n) + count.f >= free then wait = math.max(wait, 1000) end
  end
end
if wait > 0 then return { wait, 0, 0 } end
for i = 1, 3 do
  local count = counts[i]
  if outcome == 'before' then
    count.f = count.f + 1
    count.since = now
  else
    count.f = math.max(0, count.f - 1)
  end
  if outcome == 'failed' then
    count.n = count.n + 1
    local over = math.ceil(count.n) - count.free
    if over >= 0 then count.till = now + math.min(count.most, count.first * 2 ^ over) end
    if over == 0 and count.clears then locked = 1 end
    wait = math.max(wait, count.till - now)
  end
  if outcome == 'succeeded' and count.clears then
    redis.call('DEL', KEYS[i])
  else
    redis.call('HSET', KEYS[i], 'n', tostring(count.n), 'at', now, 'until', count.till, 'f', count.f, 'since', count.since)
    redis.call('PEXPIRE', KEYS[i], day)
  end
end
if outcome == 'succeeded' then
  redis.call('ZADD', KEYS[4], now, ARGV[2])
  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -1 - tonumber(ARGV[7]))
  redis.call('PEXPIRE', KEYS[4], ARGV[6])
end
if locked == 1 and redis.call('SET', KEYS[5], '1', 'NX', 'PX', hour) then tell = 1 end
return { wait, locked, tell }`
