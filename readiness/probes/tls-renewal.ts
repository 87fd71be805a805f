// SEC-24: the edge gets its certificate by ACME and another one before it ends, while people go on calling; and its end is seen in time.
import { readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { makeAuthority, openIssuer } from '../../tools/certificates.ts'
import { manyRequests, openNginx } from '../../tools/nginx.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { askOnce, callOnAndOn, type Shown, shake } from './tls-looks.ts'
import { alertIsDue, endAsMeasured, openService, scriptsOf } from './tls-renewal-parts.ts'

const host = 'jobs.example.com'
/** Seconds that a certificate holds: they stand for ninety days. */
const lifetime = 60
const soon = { within: 90_000 }

export async function certificatesRenew(context: Context): Promise<Evidence> {
  const { until, tree } = context
  const alert = await alertIsDue(context)
  const folder = context.folder()
  const authority = await makeAuthority(folder)
  await using parts = new AsyncDisposableStack()
  const service = parts.adopt(await openService(), (opened) => opened.close())
  const edge = await openNginx({ upstreams: [service.place], hosts: [host], tree, edits: manyRequests })
  const issuer = await openIssuer({ folder, httpPort: edge.plainPort, lifetime }, authority)
  // First the loops, which look into the edge's folder.
  parts.defer(() => edge.close())
  parts.defer(() => issuer.close())
  const scripts = await scriptsOf(context, { folder, edge, issuer, authority, host })
  parts.defer(() => scripts.end())
  const place = { port: edge.port, host, ca: [authority.text, await issuer.root()] }
  const shown = async () => (await shake(place)).shown

  // There is a certificate before anybody was asked for one.
  const paths = readFileSync(join(tree, 'nginx/certificates.conf'), 'utf8').replaceAll('/tmp/', `${edge.folder}/`)
  writeFileSync(join(edge.folder, 'certificates.conf'), paths)
  const running = scripts.edge()
  await until('no-certificate-at-first', () => scripts.hasShown())
  await edge.setUpstreams([service.place])
  const own = await shown()
  if (own.issuer !== 'A CA for tests') red('no-certificate-at-first', own.issuer)

  await challengeIsServed(edge.plainPort, edge.folder)
  await scripts.certbot({ DOMAIN: '' }).until(/nobody is asked/)
  if (/calling handler/.test(issuer.said())) red('asked-without-a-name')

  const calls = callOnAndOn(place, '/')
  parts.defer(async () => void (await calls.stop()))
  const asking = scripts.certbot()
  const isNew = (before: Shown, reason: string) => async () => {
    const { code } = await Promise.race([asking.ended, Promise.resolve({ code: undefined })])
    const now = await scripts.issued()
    return now && now !== before.serial ? now : code === undefined ? false : red(reason, `the loop ended with ${code}`)
  }
  const isShown = async (serial: string) => {
    const now = await shown()
    return now.serial === serial && now
  }
  const issued = await until('not-issued', isNew(own, 'not-issued'), soon)
  const first = await until('new-certificate-not-shown', () => isShown(issued), { within: 15_000 })
  if (!first.trusted) red('not-trusted', first.issuer)

  // An answer that begins under the first certificate ends under the second.
  const slow = askOnce(place, '/slow').catch((error: Error) => ({ status: 0, text: error.message }))
  await until('service-not-reached', () => service.hasSlow())
  const renewed = await until('not-renewed', isNew(first, 'not-renewed'), soon)
  const second = await until('new-certificate-not-shown', () => isShown(renewed), { within: 15_000 })
  // Three seconds more: nobody's answer has to be over when the edge reloads.
  const said = service.beats()
  await until('service-not-reached', () => service.beats() >= said + 6)
  service.finishSlow()
  const answer = await slow
  if (answer.status !== 200 || !answer.text.endsWith('end'))
    red('answer-cut', `${answer.status} ${answer.text.slice(-80)}`)
  const { answered, repeated, lost } = await calls.stop()
  if (lost.length > 0) red('requests-lost', `${lost.length} of ${answered + lost.length}: ${lost[0]}`)
  if (answered < 50) throw new Error(`Only ${answered} calls were made`)

  const last = await scripts.stopAsking()
  const { ends } = await until('new-certificate-not-shown', () => isShown(last), { within: 15_000 })
  const measured = await endAsMeasured(context, { folder, place })
  if (measured !== ends) red('end-not-measured', `${measured}, and it ends at ${ends}`)

  await scripts.publishUseless()
  await until('useless-not-refused', () => /of no use/.test(running.said()))
  await until('restart-would-fail', scripts.couldRestart)
  if ((await shown()).serial !== last) red('useless-is-shown')
  return { first: first.serial, second: second.serial, answered, repeated, lost: 0, alert, slowAnswer: answer.status }
}

/** As the issuer will ask: by plain HTTP, under the name. */
async function challengeIsServed(port: number, folder: string): Promise<void> {
  const path = '.well-known/acme-challenge/look'
  writeFileSync(join(folder, 'acme', path), 'a proof')
  const text = await new Promise<string>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: `/${path}`, headers: { host } }, async (answer) => {
      resolve(`${answer.statusCode} ${(await answer.toArray()).join('')}`)
    }).once('error', reject)
  })
  if (text !== '200 a proof') red('challenge-not-served', text.slice(0, 200))
}
