// Calls of the payment sandbox as Stripe's clients and its operators make them.

export type Body = Record<string, string>
type Answer = { status: number; body: Record<string, unknown>; replayed: boolean }
type Listed = { data: { id: string }[]; has_more: boolean } & Record<string, unknown>

export async function post(path: string, body: Body, { key, url }: { key?: string; url: string }): Promise<Answer> {
  const headers = { authorization: 'Bearer sk_test_mine', ...(key && { 'idempotency-key': key }) }
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: new URLSearchParams(body) })
  return {
    status: answer.status,
    body: (await answer.json()) as never,
    replayed: answer.headers.has('idempotent-replayed'),
  }
}

export async function get(path: string, url: string): Promise<{ status: number; body: Listed }> {
  const answer = await fetch(`${url}${path}`, { headers: { authorization: 'Bearer sk_test_mine' } })
  return { status: answer.status, body: (await answer.json()) as never }
}

export async function control(method: string, path: string, body: unknown, url: string) {
  const answer = await fetch(`${url}/sandbox${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as never }
}

export const card = (changes: Body = {}): Body => ({
  ...{ amount: '5000', currency: 'eur', payment_method: 'pm_card_visa', confirm: 'true' },
  ...changes,
})
