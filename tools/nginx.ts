// The edge of production as a process of this machine: nginx with the files of nginx/, for tests, probes and load tools.
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { cleanEnvironment, folderOf, onPath, runProgram, succeeds, unpackPackages } from './debian-packages.ts'
import { type Line, startProcess } from './process.ts'
import { freePorts } from './stack.ts'

export type Nginx = Awaited<ReturnType<typeof openNginx>>
type Edit = { file: string; find: string; replace: string }
type Options = {
  /** Where the replicas listen, as host:port. */
  upstreams: readonly string[]
  /** The names that are served. */
  hosts?: readonly string[]
  /** What people call it by; only its port counts, which is that of this edge unless told otherwise. */
  publicUrl?: string
  /** A hop in front of it, whose X-Forwarded-For counts. */
  trustedHop?: string
  /** The project, or a copy of it, whose nginx/ is run. */
  tree?: string
  /** Changes of its files: each text has to stand there exactly once. */
  edits?: readonly Edit[]
}

/** Limits that no load run meets: the limiter runs, and its cost counts. */
export const manyRequests: readonly Edit[] = [
  { file: 'limits.conf', find: 'rate=50r/s', replace: 'rate=20000r/s' },
  { file: 'limits.conf', find: 'burst=100 nodelay', replace: 'burst=20000 nodelay' },
  { file: 'limits.conf', find: 'limit_conn connections 100;', replace: 'limit_conn connections 10000;' },
]

/** Answers once it serves. It ends with this process, also at kill -9 where setpriv knows --pdeathsig (Linux). */
export async function openNginx(options: Options) {
  const { hosts = ['127.0.0.1', 'localhost'], tree = resolve(import.meta.dirname, '..') } = options
  const program = await findProgram('nginx', 'usr/sbin/nginx', '-v')
  const [port = 0, plainPort = 0, insidePort = 0] = await freePorts(3)
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-nginx-'))
  const at = (name: string) => join(folder, name)
  try {
    await cp(join(tree, 'nginx'), folder, { recursive: true })
    await mkdir(at('acme/.well-known/acme-challenge'), { recursive: true })
    await writeFile(at('hosts.conf'), `server_name ${hosts.join(' ')};\n`)
    await writeFile(at('hops.conf'), `set_real_ip_from ${options.trustedHop ?? '255.255.255.255'};\n`)
    const publicPort = await readFile(at('templates/port.conf.template'), 'utf8')
    const publicUrl = options.publicUrl ?? `https://localhost:${port}`
    await writeFile(at('port.conf'), once(publicPort, `\${PUBLIC_URL}`, publicUrl))
    const ca = await certify(folder, hosts)
    for (const { file, find, replace } of options.edits ?? []) await change(at(file), find, replace)
    await placeHere(folder, { port, plainPort, insidePort })
    const asked = await readFile(at('templates/replicas.conf.template'), 'utf8')
    await lead(options.upstreams)

    const words = ['-p', `${folder}/`, '-c', at('nginx.conf'), '-e', 'stderr']
    const account = process.getuid?.() === 0 ? ' user root;' : ''
    const looksWell = () =>
      runProgram([program, ...words, '-t', '-g', `daemon off;${account}`], 10_000, cleanEnvironment())
    await looksWell()
    const bound = await boundProgram(program)
    const running = startProcess([...bound.args, ...words, '-g', `daemon off;${account}`], { program: bound.program })
    const over = running.ended.then(() => true)
    const close = async () => {
      running.child.kill('SIGTERM')
      if (!(await Promise.race([over, delay(5000, false, { ref: false })]))) running.child.kill('SIGKILL')
      await over
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    }
    const inside = `http://127.0.0.1:${insidePort}`
    while (!(await answers(`${inside}/live`))) {
      if (!(await Promise.race([over, delay(20, false)]))) continue
      throw new Error(`nginx does not start: ${running.said()}`)
    }
    let reloads = 0

    return {
      url: `https://127.0.0.1:${port}`,
      plainUrl: `http://127.0.0.1:${plainPort}`,
      /** What is not published: /status and /live. */
      inside,
      ...{ port, plainPort, ca, folder, close, setUpstreams, lines },
      pid: Number(running.child.pid),
      /** What nginx says, and its access log. */
      log: async () => `${running.said()}\n${await readFile(at('access.log'), 'utf8')}`,
    }

    /**
     * Leads to other replicas from now on. Requests that are under way end where they are, and idle connections of clients end.
     * Rejects with what nginx says of a configuration that it refuses, and goes on leading to those before.
     */
    async function setUpstreams(upstreams: readonly string[]): Promise<void> {
      await lead(upstreams)
      await looksWell()
      reloads += 1
      running.child.kill('SIGHUP')
      // What a worker says right before it stops listening.
      await running.until(new RegExp(`(?:gracefully shutting down[\\s\\S]*?){${reloads * workers}}`))
    }

    /** The access log. */
    async function lines(): Promise<Line[]> {
      const text = await readFile(at('access.log'), 'utf8')
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]))
    }

    async function lead(upstreams: readonly string[]): Promise<void> {
      const [all = '', words = ''] = /server api:8080 resolve([^;]*);/.exec(asked) ?? []
      const servers = upstreams.map((one) => `server ${one}${words};`).join('\n  ')
      await writeFile(at('replicas.conf'), once(asked, all, servers))
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

const workers = 2

/** Addresses, ports and paths of this machine in place of those of the container; without what Debian's nginx does not know. */
async function placeHere(folder: string, ports: { port: number; plainPort: number; insidePort: number }) {
  const file = (name: string) => join(folder, name)
  const local = '127.0.0.1'
  await change(file('nginx.conf'), 'worker_processes auto', `worker_processes ${workers}`)
  await change(file('nginx.conf'), 'error_log stderr alert', 'error_log stderr notice')
  await change(file('log.conf'), '/dev/stdout', file('access.log'))
  await change(file('callers.conf'), '/tmp/hops.conf', file('hops.conf'))
  await change(file('upstream.conf'), /^resolver.*\n/gm, '')
  await change(file('upstream.conf'), '/tmp/replicas.conf', file('replicas.conf'))
  await change(file('limits.conf'), /^keepalive_min_timeout.*\n/gm, '')
  await change(file('inside.conf'), 'listen 8081', `listen ${local}:${ports.insidePort}`)
  const site = file('site.conf')
  await change(site, /listen 8080/g, `listen ${local}:${ports.plainPort}`)
  await change(site, /listen 8443 ssl(.*);\n *http2 on;/g, `listen ${local}:${ports.port} ssl http2$1;`)
  await change(site, /\/tmp\/hosts.conf/g, file('hosts.conf'))
  await change(site, '/tmp/port.conf', file('port.conf'))
  await change(site, '/var/www/acme', file('acme'))
}

async function change(path: string, find: string | RegExp, replace: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  await writeFile(path, typeof find === 'string' ? once(text, find, replace) : text.replaceAll(find, replace))
}

function once(text: string, find: string, replace: string): string {
  const parts = text.split(find)
  if (parts.length !== 2) throw new Error(`This stands ${parts.length - 1} times in the edge's files: ${find}`)
  return parts.join(replace)
}

/** A certificate that signs itself, valid for two days, and the file that names it. Answers what to trust. */
async function certify(folder: string, hosts: readonly string[]): Promise<string> {
  const openssl = await findProgram('openssl', 'usr/bin/openssl', 'version')
  const names = [...new Set(['127.0.0.1', 'localhost', ...hosts])]
  const alternatives = names.map((name) => `${/^[\d.]+$/.test(name) ? 'IP' : 'DNS'}:${name}`).join()
  const [key, certificate, request] = ['key.pem', 'certificate.pem', 'request.cnf'].map((name) => join(folder, name))
  await writeFile(
    `${request}`,
    `[req]\nprompt=no\ndistinguished_name=name\nx509_extensions=more\n[name]\nCN=localhost\n[more]\nsubjectAltName=${alternatives}\n`,
  )
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const words = [...made, '-config', `${request}`, '-keyout', `${key}`, '-out', `${certificate}`]
  await runProgram([openssl, ...words], 10_000, cleanEnvironment())
  await writeFile(join(folder, 'certificates.conf'), `ssl_certificate ${certificate};\nssl_certificate_key ${key};\n`)
  return readFile(`${certificate}`, 'utf8')
}

/** The path of a program: the system's, or that of Debian's package. Rejects with what to install. */
async function findProgram(name: string, path: string, version: string): Promise<string> {
  // Debian keeps servers where only root looks for programs.
  const installed = onPath(name) ?? [`/${path}`].find(existsSync)
  if (installed) return installed
  const folder = folderOf(name)
  const say = (line: string) => process.stderr.write(`${line}\n`)
  if (!existsSync(folder))
    await unpackPackages({ names: [name], folder, program: path, version, say }).catch((error: Error) => {
      throw new Error(`There is no ${name} here: install it (${error.message})`, { cause: error })
    })
  return join(folder, path)
}

async function boundProgram(program: string): Promise<{ program: string; args: string[] }> {
  const bound = ['setpriv', '--pdeathsig', 'TERM', program]
  const follows = await succeeds(runProgram([...bound, '-v'], 5000, cleanEnvironment()))
  return follows ? { program: 'setpriv', args: bound.slice(1) } : { program, args: [] }
}

function answers(url: string): Promise<boolean> {
  return new Promise((settle) => {
    get(url, { agent: false }, (answer) => settle(answer.resume().statusCode === 204)).on('error', () => settle(false))
  })
}
