// SEC-07: what is stored of a password, what hashing it does to everyone else, and what becomes of hashes when parameters rise.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'

/** 128 MiB: one hash takes so long that it can be told whether anybody else is served meanwhile. */
export const raised = { ARGON2_MEMORY_KIB: '131072' }

const least = { memory: 19_456, passes: 2 }
type Account = { email: string; password: string; id: string }

export async function passwordsAreHashedWell(context: Context): Promise<Evidence> {
  const { api, startApi, newcomer } = context
  // Without settings: what the service has by itself.
  const [plain] = await Promise.all([
    startApi({ ARGON2_MEMORY_KIB: '', CONCURRENT_REQUESTS: '500', WAITING_MS: '10000' }),
    weakParametersStopTheBoot(context),
  ])
  const account = await register(newcomer(plain.url).call)
  const before = await hashOf(context, account)
  if (before.memory < least.memory || before.passes < least.passes || before.lanes !== 1)
    red('parameters-weak', JSON.stringify(before))
  await commonOnesAreRefused(newcomer(plain.url).call)
  const served = await servedWhileHashing(context)
  const flood = await floodIsBounded(context, plain.url)

  // The other API has higher parameters: a wrong password changes nothing, the right one renews the hash.
  await logIn(api.anonymous, { ...account, password: randomUUID() })
  if ((await hashOf(context, account)).text !== before.text) red('rehashed-by-a-wrong-password')
  if ((await logIn(api.anonymous, account)).status !== 200) red('sign-in-fails', 'with an older hash')
  const after = await hashOf(context, account)
  if (after.memory !== Number(raised.ARGON2_MEMORY_KIB)) red('not-rehashed', JSON.stringify(after))
  if ((await logIn(api.anonymous, account)).status !== 200) red('sign-in-fails', 'with a renewed hash')
  return {
    stored: `m=${before.memory},t=${before.passes},p=${before.lanes}`,
    rehashedTo: after.memory,
    served,
    ...flood,
  }
}

async function register(call: Call, changes = {}): Promise<Account> {
  const body = { email: `hashed-${randomUUID()}@example.com`, password: randomUUID(), name: 'Someone', role: 'client' }
  const answer = await call('POST', '/v1/auth/register', { body: { ...body, ...changes } })
  if (answer.status !== 201) red('cannot-register', answer.text.slice(0, 300))
  return { ...body, id: String(answer.json().id) }
}

const logIn = (call: Call, { email, password }: Pick<Account, 'email' | 'password'>): Promise<Answer> =>
  call('POST', '/v1/auth/login', { body: { email, password } })

async function hashOf({ sql }: Context, { id }: Account) {
  const [row] = await sql.owner<{ text: string }>('SELECT password_hash AS text FROM users WHERE id = $1', [id])
  const text = row?.text ?? ''
  const found = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$[^$]{22,}\$[^$]{43,}$/.exec(text)
  if (!found) return red('not-argon2id', text.slice(0, 20))
  const [memory = 0, passes = 0, lanes = 0] = found.slice(1).map(Number)
  return { text, memory, passes, lanes }
}

async function weakParametersStopTheBoot({ finish }: Context): Promise<void> {
  const { code, said } = await finish(['src/server.ts'], { ARGON2_MEMORY_KIB: '8192', ARGON2_PASSES: '1' }, 60_000)
  if (code !== 78 || !said.includes('ARGON2_MEMORY_KIB') || !said.includes('ARGON2_PASSES'))
    red('weak-parameters-boot', `${code} ${said.slice(0, 300)}`)
}

async function commonOnesAreRefused(call: Call): Promise<void> {
  const email = `common-${randomUUID()}@example.com`
  for (const password of ['1qaz2wsx3edc', 'Iloveyou1234', 'unbelievable', 'zzzzzzzzzzzzz', 'lighthouse-2026']) {
    const body = { email, password, name: 'Mary Lighthouse', role: 'client' }
    const { status, text } = await call('POST', '/v1/auth/register', { body })
    if (status !== 400 || !text.includes('/body/password')) red('common-password-taken', `${status} for ${password}`)
  }
}

/** The share of a sign-in's time, in percent, for which another call had to wait at most: by a blocked event loop, most of it. */
async function servedWhileHashing({ api, newcomer }: Context): Promise<number> {
  const other = newcomer().call
  await other('GET', '/health/live')
  const shares: number[] = []
  while (shares.length < 5 && !shares.some((share) => share < 40)) {
    let checking = true
    const begun = performance.now()
    const body = { email: `nobody-${randomUUID()}@example.com`, password: randomUUID() }
    const signIn = api.anonymous('POST', '/v1/auth/login', { body }).finally(() => {
      checking = false
    })
    let longest = 0
    while (checking) {
      const asked = performance.now()
      await other('GET', '/health/live')
      longest = Math.max(longest, performance.now() - asked)
    }
    await signIn
    shares.push(Math.round((100 * longest) / (performance.now() - begun)))
  }
  const least = Math.min(...shares)
  return least < 40 ? least : red('event-loop-held', `for ${shares.join(', ')} % of the time of a sign-in`)
}

/** Far more sign-ins at once than may wait: the rest is refused soon, by an answer that says when to come again, and others are served. */
async function floodIsBounded({ newcomer }: Context, url: string): Promise<Evidence> {
  // Each from an address of its own has fewer than an address may fail.
  const callers = Array.from({ length: 4 }, () => newcomer(url).call)
  const flood = Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      logIn(callers[n % 4] as Call, { email: `flood-${n}-${randomUUID()}@example.com`, password: randomUUID() }),
    ),
  )
  const reads = await Promise.all(Array.from({ length: 10 }, () => newcomer(url).call('GET', '/v1/jobs?limit=1')))
  const answers = await flood
  const busy = answers.filter(({ status, text }) => status === 503 && text.includes('PASSWORDS_BUSY'))
  const checked = answers.filter(({ status }) => status === 401).length
  if (busy.length === 0) red('flood-not-bounded', `${checked} of 100 were checked`)
  if (busy.some((answer) => !Number(answer.field('retry-after')))) red('no-retry-after')
  if (checked === 0) red('nobody-gets-in')
  const kept = reads.filter(({ status }) => status === 200).length
  if (kept < reads.length) red('others-not-served', `${kept} of ${reads.length} reads`)
  return { floodChecked: checked, floodRefused: busy.length, readsMeanwhile: kept }
}
