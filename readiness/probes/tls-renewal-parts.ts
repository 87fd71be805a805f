// What the probe of renewal stands on: the scripts of nginx/certificates as processes, a service behind the edge, and the watch over the end.
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import type { Authority, openIssuer } from '../../tools/certificates.ts'
import { findMonitoring } from '../../tools/monitoring/programs.ts'
import type { Nginx } from '../../tools/nginx.ts'
import type { Running } from '../../tools/process.ts'
import { pythonProgram } from '../../tools/python-programs.ts'
import { freePorts } from '../../tools/stack.ts'
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'
import type { Place } from './tls-looks.ts'

const execute = promisify(execFile)
type Issuer = Awaited<ReturnType<typeof openIssuer>>
type Around = { folder: string; edge: Nginx; issuer: Issuer; authority: Authority; host: string }

/** The very scripts, with other places and shorter waits. */
export async function scriptsOf({ tree, program }: Context, { folder, edge, issuer, authority, host }: Around) {
  const version = /certbot\/certbot:v(\S+)/.exec(readFileSync(join(tree, 'nginx/certificates/Dockerfile'), 'utf8'))?.[1]
  const certbot = await pythonProgram({ name: 'certbot', version: version ?? 'unknown' })
  const nginx = readlinkSync(`/proc/${edge.pid}/exe`)
  const own = await authority.sign('own', [host])
  const [issued, shownFile] = [join(folder, 'issued/edge.pem'), join(edge.folder, 'certificate.pem')]
  mkdirSync(dirname(issued))
  // The one that the edge was started with.
  rmSync(shownFile)
  const programs = `${dirname(certbot)}:${dirname(nginx)}`
  const env = {
    EDGE_ISSUED: issued,
    EDGE_CERTIFICATE: own.certificate,
    EDGE_KEY: own.key,
    EDGE_SHOWN: shownFile,
    EDGE_LOOK_SECONDS: '1',
    EDGE_PREFIX: `${edge.folder}/`,
    EDGE_CONFIGURATION: join(edge.folder, 'nginx.conf'),
    DOMAIN: host,
    ACME_EMAIL: 'operations@example.com',
    ACME_DIRECTORY_URL: issuer.directory,
    ACME_STATE: join(folder, 'acme'),
    ACME_WEBROOT: join(edge.folder, 'acme'),
    ACME_SCRATCH: folder,
    ACME_EVERY_SECONDS: '1',
    ACME_AGAIN_SECONDS: '1',
    REQUESTS_CA_BUNDLE: authority.file,
  }
  const groups: Running[] = []
  const start = (script: string, changes: Record<string, string> = {}) => {
    const words = Object.entries({ ...env, ...changes }).map(([name, value]) => `${name}=${value}`)
    // In a group of its own, so that what it leaves behind ends with it.
    const first = 'PATH=$0:$PATH exec env "$@"'
    const running = program('setsid', ['sh', '-c', first, programs, ...words, join(tree, 'nginx/certificates', script)])
    groups.push(running)
    return running
  }
  const serialIn = (file: string) => new X509Certificate(readFileSync(file)).serialNumber

  return {
    edge: () => start('edge.sh'),
    certbot: (changes?: Record<string, string>) => start('certbot.sh', changes),
    hasShown: () => existsSync(shownFile),
    /** The serial number of what was issued. */
    issued: async () => existsSync(issued) && serialIn(issued),
    /** Ends the loop of certbot. Answers the serial number of what it got last. */
    async stopAsking(): Promise<string> {
      for (const group of groups.slice(1)) killGroup(group)
      await Promise.all(groups.slice(1).map(({ ended }) => ended))
      return serialIn(issued)
    },
    /** A certificate with the key of another. */
    async publishUseless(): Promise<void> {
      const other = await authority.sign('other', [host])
      writeFileSync(`${issued}.new`, `${readFileSync(own.certificate, 'utf8')}${readFileSync(other.key, 'utf8')}`)
      renameSync(`${issued}.new`, issued)
    },
    /** Whether nginx would start with what lies there now. */
    couldRestart: () =>
      execute(nginx, ['-p', env.EDGE_PREFIX, '-c', env.EDGE_CONFIGURATION, '-e', 'stderr', '-t']).then(
        () => true,
        () => false,
      ),
    end: async () => groups.forEach(killGroup),
  }
}

function killGroup({ child }: Running): void {
  try {
    if (child.pid) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody of it is left.
  }
}

/** Behind the edge: a list of jobs, and an answer that takes as long as it is let. */
export async function openService() {
  let slow: ServerResponse | undefined
  let beat: NodeJS.Timeout | undefined
  let beats = 0
  const server = createServer((request, answer) => {
    if (request.url !== '/slow') return void answer.end('{"data":[],"page":{"next":null}}')
    slow = answer
    // Shorter than the edge waits between two parts.
    beat = setInterval(() => {
      answer.write('.')
      beats += 1
    }, 500)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    place: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hasSlow: () => slow !== undefined,
    /** How often it has said something. */
    beats: () => beats,
    finishSlow() {
      clearInterval(beat)
      slow?.end('end')
    },
    async close() {
      clearInterval(beat)
      server.close().closeAllConnections()
    },
  }
}

/** When the certificate ends, in seconds since 1970, as the exporter of production says. */
export async function endAsMeasured(context: Context, { folder, place }: { folder: string; place: Place }) {
  const { apiAt, program, tree, until } = context
  const [port] = await freePorts(1)
  const authorities = join(folder, 'authorities.pem')
  writeFileSync(authorities, place.ca.join('\n'))
  program('env', [
    `SSL_CERT_FILE=${authorities}`,
    await findMonitoring('blackbox'),
    `--config.file=${join(tree, 'monitoring/blackbox.yml')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  const target = encodeURIComponent(`https://127.0.0.1:${place.port}/`)
  const path = `/probe?module=public_read&hostname=${place.host}&target=${target}`
  const asked = apiAt(`http://127.0.0.1:${port}`).anonymous
  const said = await until('end-not-measured', async () => {
    const answer = await asked('GET', path).catch(() => undefined)
    return /^probe_ssl_earliest_cert_expiry (\S+)$/m.exec(answer?.text ?? '')
  })
  return Number(said[1])
}

/** CertificateEnds fires for a certificate that ends in less than 14 days, and for no other: the rule itself is asked, by promtool. */
export async function alertIsDue({ tree, folder }: Context): Promise<string> {
  const day = 86_400
  const series = (name: string, seconds: number) =>
    `      - { series: 'probe_ssl_earliest_cert_expiry{job="public-url",instance="${name}"}', values: '${seconds}x240' }`
  const test = `rule_files: [${join(tree, 'monitoring/alerts/outside.yml')}]
evaluation_interval: 30s
tests:
  - interval: 30s
    input_series:
${series('sooner', 14 * day - 600)}
${series('later', 14 * day + 7200)}
    promql_expr_test:
      - expr: count by (instance) (ALERTS{alertname="CertificateEnds",alertstate="firing"})
        eval_time: 90m
        exp_samples: [{ labels: '{instance="sooner"}', value: 1 }]
`
  const file = join(folder(), 'ends.test.yml')
  writeFileSync(file, test)
  const ran = await execute(await findMonitoring('promtool'), ['test', 'rules', file]).catch(
    (error: Error & { stdout?: string; stderr?: string }) => error,
  )
  if (ran instanceof Error) red('alert-at-another-time', `${ran.stdout}${ran.stderr}`.slice(0, 600))
  return 'CertificateEnds, 14 days before'
}
