// SEC-23: what the edge agrees on with clients, good and bad ones, and what an independent scanner says of it.
import { copyFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { makeAuthority } from '../../tools/certificates.ts'
import { openNginx } from '../../tools/nginx.ts'
import { gradeTls } from '../../tools/testssl.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { askOnce, type Place, shake } from './tls-looks.ts'

const host = 'localhost'
const grades = ['A+', 'A']
const grave = ['MEDIUM', 'HIGH', 'CRITICAL']
/** What the scanner minds and the edge can't help. */
const explained: Record<string, string> = {
  cert_revocation: 'the CA of this probe can revoke nothing',
}

export async function edgeIsHard(context: Context): Promise<Evidence> {
  const folder = context.folder()
  const authority = await makeAuthority(folder)
  const behind = new URL(context.api.url).host
  const edge = await openNginx({ upstreams: [behind], hosts: [host, '127.0.0.1'], tree: context.tree })
  try {
    const { certificate, key } = await authority.sign('edge', [host, '127.0.0.1'])
    copyFileSync(certificate, join(edge.folder, 'certificate.pem'))
    copyFileSync(key, join(edge.folder, 'key.pem'))
    await edge.setUpstreams([behind])
    const place = { port: edge.port, host, ca: [authority.text] }

    const redirects = await plainLeadsToTls(edge.plainUrl)
    const protocols = await onlyModernProtocols(place)
    await noWeakCiphers(place)
    const hsts = await everyAnswerAsksForTls(place)
    const findings = await gradeTls({ port: edge.port, host, authorities: authority.file, folder })
    const grade = findings.find(({ id }) => id === 'overall_grade')?.finding ?? ''
    const found = findings
      .filter(({ severity }) => grave.includes(severity))
      .map(({ id, finding }) => `${id}: ${finding}`)
    const open = found.filter((line) => !explained[line.split(':')[0] ?? ''])
    if (open.length > 0) red('scanner-found', open.join('; ').slice(0, 600))
    if (!grades.includes(grade))
      red('bad-grade', `${grade} ${JSON.stringify(findings.filter(({ id }) => /grade_cap/.test(id)))}`)
    const score = findings.find(({ id }) => id === 'final_score')?.finding ?? ''
    return { grade, score, protocols, redirects, hsts, findings: findings.length, explained: found }
  } finally {
    await edge.close()
  }
}

/** Every method and path, without an answer in clear. */
async function plainLeadsToTls(url: string): Promise<number> {
  const asked = [
    ['GET', '/'],
    ['GET', '/v1/jobs?limit=1'],
    ['POST', '/v1/auth/login'],
    ['GET', '/health/live'],
  ] as const
  for (const [method, path] of asked) {
    const { status, to } = await new Promise<{ status?: number; to: string }>((resolve, reject) => {
      const sent = request(`${url}${path}`, { method, headers: { host } }, (answer) => {
        answer.resume()
        resolve({ status: answer.statusCode ?? 0, to: answer.headers.location ?? '' })
      })
      sent.once('error', reject).end()
    })
    if (status !== 308 || !to.startsWith(`https://${host}`) || !to.endsWith(path))
      red('no-redirect', `${method} ${path}: ${status} ${to}`)
  }
  return asked.length
}

type Version = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
const only = (version: Version) => ({ minVersion: version, maxVersion: version })
/** Whatever our own OpenSSL knows, however old: what is refused is refused by the edge. */
const everything = 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'

async function onlyModernProtocols(place: Place): Promise<string[]> {
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const answer = await shake(place, { ...only(version), ciphers: everything }).catch(
      (error: Error & { code?: string }) => error,
    )
    if (!(answer instanceof Error)) red('old-protocol', version)
    // Any other error would be one of ours, and say nothing.
    if (!/ALERT/.test(answer.code ?? '')) throw answer
  }
  const agreed: string[] = []
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { protocol, cipher, shown } = await shake(place, only(version)).catch((error) =>
      red('modern-refused', `${version}: ${error}`),
    )
    if (!shown.trusted) throw new Error('The certificate of this probe is not trusted')
    agreed.push(`${protocol} ${cipher}`)
  }
  return agreed
}

/** A client that has nothing good to offer gets nowhere. */
async function noWeakCiphers(place: Place): Promise<void> {
  const without = ['AESGCM', 'CHACHA20', 'ARIAGCM'].map((name) => `!${name}`).join(':')
  for (const ciphers of [
    `ALL:COMPLEMENTOFALL:${without}:@SECLEVEL=0`,
    'kRSA:kDHE:@SECLEVEL=0',
    'aNULL:eNULL:@SECLEVEL=0',
  ]) {
    const answer = await shake(place, { ...only('TLSv1.2'), ciphers }).catch(
      (error: Error & { code?: string }) => error,
    )
    if (!(answer instanceof Error)) red('weak-cipher', answer.cipher)
    if (!/ALERT/.test(answer.code ?? '')) throw answer
  }
}

/** Those of the service, and the edge's own. */
async function everyAnswerAsksForTls(place: Place): Promise<string> {
  let said = ''
  for (const path of ['/v1/jobs?limit=1', '/nowhere', '/metrics']) {
    const { status, hsts } = await askOnce(place, path)
    if (Number(/max-age=(\d+)/.exec(hsts)?.[1] ?? 0) < 15_552_000) red('hsts-missing', `${path}: ${status} "${hsts}"`)
    said = hsts
  }
  return said
}
