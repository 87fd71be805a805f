// What the compose files say holds together: scripts/production starts them and looks at the containers.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { findMonitoring } from '../tools/monitoring/programs.ts'

type Service = Record<string, unknown> & {
  profiles?: string[]
  image?: string
  ports?: string[]
  networks?: string[]
  deploy?: { resources: { limits: Record<string, string>; reservations: Record<string, string> } }
}
type Compose = {
  include?: { path: string[] }[]
  services: Record<string, Service>
  networks?: Record<string, { internal?: boolean } | null>
  volumes?: Record<string, unknown>
  secrets?: Record<string, { file: string }>
}
type Prometheus = { scrape_configs: { job_name: string }[] } & Record<string, unknown>

const text = (path: string) => readFileSync(path, 'utf8')
const read = (path: string): Compose => parse(text(path), { merge: true })
const development = read('compose.yaml')
const production = read('docker-compose.production.yml')
const shared = read('monitoring/compose.yaml')
const ofDevelopment = read('monitoring/compose.development.yaml')
const ofProduction = read('monitoring/compose.production.yaml')

const watching = Object.keys(shared.services)
const all = Object.entries({
  ...production.services,
  ...Object.fromEntries(watching.map((name) => [name, { ...shared.services[name], ...ofProduction.services[name] }])),
})
const run = promisify(execFile)

describe('what watches the services', () => {
  test('has one home, which development and production include with what differs', () => {
    const included = ({ include }: Compose) => include?.flatMap(({ path }) => path)
    expect(included(development)).toEqual(['monitoring/compose.yaml', 'monitoring/compose.development.yaml'])
    expect(included(production)).toEqual(['monitoring/compose.yaml', 'monitoring/compose.production.yaml'])
    expect(watching.length).toBeGreaterThan(8)
    expect(watching.filter((name) => name in development.services || name in production.services)).toEqual([])
    expect(Object.keys(ofDevelopment.services).filter((name) => !watching.includes(name))).toEqual(['pager'])
    expect(Object.keys(ofProduction.services).sort()).toEqual([...watching].sort())
    expect(Object.values(ofProduction.services).filter(({ image }) => image)).toEqual([])
  })

  test('starts by its profile only', () => {
    for (const name of watching) expect([name, shared.services[name]?.profiles]).toEqual([name, ['observability']])
  })

  test('is in no network of its own that leads outside, but for who tells people', () => {
    const inner = { ...production.networks, ...ofProduction.networks }
    const leads = (name: string) => !inner[name]?.internal
    const outside = watching.flatMap((name) =>
      (ofProduction.services[name]?.networks ?? []).filter(leads).map((network) => `${name} ${network}`),
    )
    const pages = ['alertmanager', 'grafana', 'jaeger', 'prometheus', 'victoria-logs'].map((name) => `${name} pages`)
    expect(outside.sort()).toEqual(['alertmanager outside', 'blackbox-exporter public', ...pages].sort())
    expect(ofProduction.networks?.pages).toEqual({
      driver_opts: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
    })
  })

  test('Prometheus has the same jobs, rules and receivers in both, and takes both files', async () => {
    const files = ['monitoring/prometheus.yml', 'monitoring/prometheus.production.yml']
    const [here, there] = files.map((path) => parse(text(path)))
    const others = ['api', 'worker', 'public-url', 'redis']
    const jobs = ({ scrape_configs }: Prometheus) =>
      Object.fromEntries(scrape_configs.map((job) => [job.job_name, job]))
    expect(Object.keys(jobs(there)).sort()).toEqual(Object.keys(jobs(here)).sort())
    const same = Object.keys(jobs(here)).filter((name) => !others.includes(name))
    expect(same.length).toBeGreaterThan(5)
    for (const name of same) expect(jobs(there)[name]).toEqual(jobs(here)[name])
    for (const part of ['rule_files', 'alerting']) expect(there[part]).toEqual(here[part])
    const promtool = await findMonitoring('promtool')
    for (const path of files) {
      const { stdout } = await run(promtool, ['check', 'config', path])
      expect(stdout).toContain(`${path} is valid prometheus config file syntax`)
    }
  })
})

describe('every container of production', () => {
  test.each(all)('%s is confined, limited and watched over', (name, service) => {
    const { deploy, profiles = [] } = service
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      logging: { options: { 'max-size': '10m', 'max-file': '5' } },
      restart: name === 'setup' ? 'no' : 'unless-stopped',
    })
    expect(deploy?.resources.limits).toEqual({ cpus: expect.any(String), memory: expect.any(String) })
    expect(deploy?.resources.reservations).toEqual({ memory: expect.any(String) })
    if (service.image && !('build' in service)) expect(service.user).toMatch(/^[1-9]\d*(:[1-9]\d*)?$/)
    expect(['', 'observability', 'ha', 'backup']).toContain(profiles.join())
  })

  test('starts without a profile only where it is of the service itself', () => {
    const always = all.flatMap(([name, { profiles }]) => (profiles ? [] : [name]))
    const stores = ['pgbouncer', 'postgres', 'redis', 'redis-volatile']
    expect(always.sort()).toEqual(['api', 'certbot', 'edge', 'setup', 'worker', ...stores].sort())
  })

  test('but for the edge publishes nothing, or on this machine only, at a port that can be another', () => {
    const published = all.flatMap(([name, { ports = [] }]) => (name === 'edge' ? [] : ports))
    expect(published).toHaveLength(5)
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+$/)
    for (const port of production.services.edge?.ports ?? []) expect(port).toMatch(/^\$\{HTTPS?_PORT:-\d+\}:\d+$/)
  })

  test('but for that of backups is given no key of the storage, and PostgreSQL has no way to it', () => {
    const given = all.filter(({ 1: { secrets } }) => JSON.stringify(secrets ?? []).includes('backup_s3'))
    expect(given.map(([name]) => name)).toEqual(['backup'])
    for (const name of ['postgres', 'postgres-replica']) expect(production.services[name]?.networks).toEqual(['data'])
  })

  test('has no name, network, volume or image that a second deployment on the machine would share', () => {
    for (const [name, service] of all) expect([name, 'container_name' in service]).toEqual([name, false])
    for (const file of [production, shared, ofProduction])
      for (const [name, one] of Object.entries({ ...file.networks, ...file.volumes }))
        expect([name, Object.keys(one ?? {}).filter((key) => !['internal', 'driver_opts'].includes(key))]).toEqual([
          name,
          [],
        ])
    const built = all.flatMap(([, { build, image }]) => (build && image ? [image] : []))
    const own = ['postgres', 'backup'].map((name) => `\${COMPOSE_PROJECT_NAME}-${name}:local`)
    expect(new Set(built)).toEqual(new Set([`\${IMAGE:-\${COMPOSE_PROJECT_NAME}:local}`, ...own]))
    const secrets = Object.values(production.secrets ?? {}).map(({ file }) => file)
    expect(secrets.length).toBeGreaterThan(30)
    expect(secrets.filter((file) => !/^\$\{SECRETS_DIR(:\?[^}]*)?\}\//.test(file))).toEqual([])
  })
})

describe('make-secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seaworthy-secrets-'))
  const [settings, secrets] = [join(folder, 'test.env'), join(folder, 'secrets')]
  const make = () => run('scripts/make-secrets', [settings], { env: { ...process.env, SECRETS_DIR: secrets } })
  const place = (file: string) => file.replace(/^\$\{[^}]*\}/, secrets)
  beforeAll(make)
  afterAll(() => rmSync(folder, { recursive: true }))

  test('makes each file that a container is given', () => {
    const missing = Object.values(production.secrets ?? {}).filter(({ file }) => !existsSync(place(file)))
    expect(missing).toEqual([])
  })

  test('adds the logins that an older one did not make, once, and changes nothing else', async () => {
    const users = join(secrets, 'redis-queues-users')
    const whole = text(users)
    const [first = ''] = whole.split('\n')
    expect(whole.split('\n').map((line) => line.split(' ')[1])).toEqual(['default', 'monitor', 'replica', undefined])
    rmSync(users)
    writeFileSync(users, `${first}\n`)
    await make()
    expect(text(users)).toBe(whole)
    await make()
    expect(text(users)).toBe(whole)
  })

  test('tells Alertmanager of nobody whom only development has', async () => {
    const file = join(secrets, 'alertmanager.yml')
    const [here, there] = [parse(text('monitoring/alertmanager.yml')), parse(text(file))]
    expect(text(file)).not.toMatch(/pager:8420|mail:1025|smtp_require_tls|[Pp]roduction/)
    expect(there.route).toEqual(here.route)
    expect(there.inhibit_rules).toEqual(here.inhibit_rules)
    expect(there.receivers).toHaveLength(here.receivers.length)
    const { stdout } = await run(await findMonitoring('amtool'), ['check-config', file])
    expect(stdout).toContain('SUCCESS')
  })
})
