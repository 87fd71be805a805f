// Certificates for tests and probes: a CA of their own, and an ACME issuer (Pebble, of Debian's packages).
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { folderOf, onPath, unpackPackages } from './debian-packages.ts'
import { startProcess } from './process.ts'
import { freePorts } from './stack.ts'

const execute = promisify(execFile)
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const say = (line: string) => process.stderr.write(`${line}\n`)

export type Authority = Awaited<ReturnType<typeof makeAuthority>>
/** Paths of two files in PEM. */
export type Pair = { certificate: string; key: string }

/** A CA whose files lie in a folder. */
export async function makeAuthority(folder: string) {
  const [ca, caKey] = [join(folder, 'ca.pem'), join(folder, 'ca-key.pem')]
  const signs = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  await openssl(
    'req',
    '-x509',
    ...curve,
    '-days',
    '400',
    '-subj',
    '/CN=A CA for tests',
    ...signs,
    '-keyout',
    caKey,
    '-out',
    ca,
  )
  return { file: ca, text: await readFile(ca, 'utf8'), sign }

  /** A certificate for these names and addresses. */
  async function sign(name: string, names: readonly string[], days = 90): Promise<Pair> {
    const at = (ending: string) => join(folder, `${name}.${ending}`)
    const all = names.map((one) => `${/^[\d.]+$/.test(one) ? 'IP' : 'DNS'}:${one}`).join()
    const what = `subjectAltName=${all}\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n`
    await writeFile(at('cnf'), `${what}keyUsage=critical,digitalSignature\n`)
    await openssl('req', '-new', ...curve, '-subj', `/CN=${names[0]}`, '-keyout', at('key'), '-out', at('csr'))
    const by = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', `${days}`, '-extfile', at('cnf')]
    await openssl('x509', '-req', '-in', at('csr'), ...by, '-out', at('crt'))
    return { certificate: at('crt'), key: at('key') }
  }
}

async function openssl(...args: string[]): Promise<void> {
  await execute('openssl', args).catch((error: Error & { code?: string }) => {
    throw error.code === 'ENOENT' ? new Error('There is no openssl here: install it', { cause: error }) : error
  })
}

type Wishes = {
  folder: string
  /** The port at which it asks every name for its proof: all names are this machine. */
  httpPort: number
  /** How long its certificates hold, in seconds. */
  lifetime: number
}

/** A real ACME issuer, for which every name leads to 127.0.0.1. `authority` is whom to believe when one talks to it. */
export async function openIssuer({ folder, httpPort, lifetime }: Wishes, authority: Authority) {
  const pebble = await findPebble()
  const [port = 0, managementPort = 0, dnsPort = 0, dnsManagementPort = 0] = await freePorts(4)
  const { certificate, key } = await authority.sign('issuer', ['localhost', '127.0.0.1'])
  const settings = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate,
    privateKey: key,
    httpPort,
    tlsPort: 1,
    certificateValidityPeriod: lifetime,
  }
  const file = join(folder, 'pebble.json')
  await writeFile(file, JSON.stringify({ pebble: settings }))
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '']
  const names = ['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dns01', `127.0.0.1:${dnsPort}`]
  const dns = startProcess([...off, ...names, '-management', `127.0.0.1:${dnsManagementPort}`], {
    program: `${pebble}-challtestsrv`,
  })
  // It proves each name anew, and as fast as it can: what it does to harden clients is not looked at here.
  const env = { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_AUTHZREUSE: '0' }
  const running = startProcess(['-config', file, '-dnsserver', `127.0.0.1:${dnsPort}`], { program: pebble, env })
  await running.until(/ACME directory available/)
  return {
    directory: `https://localhost:${port}/dir`,
    /** What it issues ends there: in PEM. It makes a new one at each start. */
    root: () => download(`https://localhost:${managementPort}/roots/0`, authority.text),
    said: () => `${dns.said()}\n${running.said()}`,
    async close() {
      for (const { child } of [running, dns]) child.kill('SIGKILL')
      await Promise.all([running.ended, dns.ended])
    },
  }
}

function download(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, async (answer) => resolve((await answer.toArray()).join(''))).once('error', reject)
  })
}

async function findPebble(): Promise<string> {
  const installed = onPath('pebble')
  if (installed && existsSync(`${installed}-challtestsrv`)) return installed
  const [folder, program] = [folderOf('pebble'), 'usr/bin/pebble']
  if (!existsSync(folder))
    await unpackPackages({ names: ['pebble'], folder, program, version: '-help', say }).catch((error: Error) => {
      throw new Error(`There is no ACME issuer here: install the package pebble (${error.message})`, { cause: error })
    })
  return join(folder, program)
}
