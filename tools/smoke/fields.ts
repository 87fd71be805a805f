// The fields that every answer has to have, also one that refuses, whoever answers it.
import { type Call, WrongAnswer } from './calls.ts'

const wanted: Record<string, RegExp> = {
  'content-security-policy': /default-src 'none'/,
  'strict-transport-security': /max-age=\d{7,}/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^deny$/i,
  'referrer-policy': /^no-referrer$/,
  'x-request-id': /^\S+$/,
}

export async function hasFields({ call }: { call: Call }): Promise<string> {
  for (const [path, expect] of [
    ['/v1/jobs?limit=1', [200]],
    ['/v1/smoke-nowhere', [404]],
  ] as const) {
    const { headers } = await call('GET', path, { expect })
    const bad = Object.entries(wanted).filter(([name, right]) => !right.test(headers.get(name) ?? ''))
    if (bad.length > 0) throw new WrongAnswer(`GET ${path} lacks ${bad.map(([name]) => name).join(', ')}`)
    // A version tells an attacker which holes to try.
    if (headers.has('x-powered-by') || /\d/.test(headers.get('server') ?? ''))
      throw new WrongAnswer(`GET ${path} says what it runs on`)
  }
  return `${Object.keys(wanted).length} on a 200 and on a 404`
}
