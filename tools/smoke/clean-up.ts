// Takes away what the journey made, whatever became of it: the job first, then both accounts, for good.
import { type Call, type Person, WrongAnswer } from './calls.ts'
import { type Scene, type Step, signIn, soon } from './steps.ts'

/** Only what was asked for: someone whose answer was lost may be there too. */
export function cleanUpOf(scene: Scene, asked: { client: boolean; worker: boolean }): Step[] {
  const { job, client, worker } = scene
  return [
    ...(job.id ? [{ name: 'the job is deleted', run: deleteJob }] : []),
    ...(asked.worker ? [{ name: 'the worker is erased', run: ({ call }: Scene) => erase(call, worker, scene) }] : []),
    ...(asked.client ? [{ name: 'the client is erased', run: ({ call }: Scene) => erase(call, client, scene) }] : []),
  ]
}

async function deleteJob({ call, client, job, patience, signal }: Scene): Promise<string> {
  await call('DELETE', `/v1/jobs/${job.id}`, { as: client, expect: [204, 404] })
  await soon('GET /v1/jobs/:id still has it', patience, signal, async () => {
    return (await call('GET', `/v1/jobs/${job.id}`, { expect: [200, 404] })).status === 404
  })
  return 'nobody finds it any more'
}

async function erase(call: Call, person: Person, { patience, signal }: Scene): Promise<string> {
  if (!person.token) {
    const refused = await signIn(call, person).catch((error: Error) => error)
    if (refused instanceof WrongAnswer && refused.code === 'CREDENTIALS_WRONG') return 'it was never made'
    if (refused) throw new WrongAnswer(`${refused.message}: an account may be left at its domain`)
  }
  await call('DELETE', '/v1/me', { as: person, body: { password: person.password } })
  // Each process learns once a second which sessions have ended.
  await soon('its token still works', patience, signal, async () => {
    return (await call('GET', '/v1/me', { as: person, expect: [200, 401] })).status === 401
  })
  return 'its token is worth nothing'
}
