// The steps of two people that other probes stand on: a job, an application, an acceptance. Red when one is not answered as it should.
import type { Answer, Person } from '../context/http.ts'
import { red } from '../control.ts'

type Caller = Pick<Person, 'call'>

export async function draftJob({ call }: Caller): Promise<string> {
  const budget = { amount: 45_000, currency: 'EUR' }
  const body = { title: 'Splice the mooring lines', description: 'Twelve of them.', category: 'operations', budget }
  return idOf(await call('POST', '/v1/jobs', { body }), 'cannot-draft')
}

export async function openJob(client: Caller): Promise<string> {
  const id = await draftJob(client)
  return idOf(await client.call('POST', `/v1/jobs/${id}/publication`), 'cannot-publish')
}

/** Answers the id of the application. */
export async function apply({ call }: Caller, jobId: string): Promise<string> {
  const body = { coverLetter: 'I splice well.' }
  return idOf(await call('POST', `/v1/jobs/${jobId}/applications`, { body }), 'cannot-apply')
}

export async function withdraw({ call }: Caller, applicationId: string): Promise<string> {
  return idOf(await call('DELETE', `/v1/applications/${applicationId}`), 'cannot-withdraw')
}

/** Answers the id of the contract. */
export async function accept({ call }: Caller, applicationId: string, key?: string): Promise<string> {
  return idOf(
    await call('POST', `/v1/applications/${applicationId}/acceptance`, { ...(key && { key }) }),
    'not-accepted',
  )
}

function idOf(answer: Answer, reason: string): string {
  if (answer.status >= 300) red(reason, `${answer.status} ${answer.text.slice(0, 300)}`)
  return String(answer.json().id)
}
