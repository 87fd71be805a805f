import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { connect } from 'node:tls'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeAuthority, type Pair } from '../tools/certificates.ts'
import { openNginx } from '../tools/nginx.ts'

const root = resolve(import.meta.dirname, '..')
const soon = { timeout: 15_000, interval: 50 }

test('the edge begins with the local certificate, takes the issued one, and keeps it when a useless one comes', async () => {
  const { issue, start, serial, said, authority, local, serialOf } = await scene()
  await start()
  expect(said()).toBe('')
  expect(await serial()).toBe(serialOf(local))

  const issued = await authority.sign('issued', ['localhost'])
  issue(issued)
  await vi.waitFor(async () => expect(await serial()).toBe(serialOf(issued)), soon)

  const other = await authority.sign('other', ['localhost'])
  issue({ certificate: other.certificate, key: issued.key })
  await vi.waitFor(() => expect(said()).toContain('of no use'), soon)
  expect(await serial()).toBe(serialOf(issued))

  // What was refused does not stand in the way of what is good.
  issue(other)
  await vi.waitFor(async () => expect(await serial()).toBe(serialOf(other)), soon)
})

test('a useless one that was issued does not keep the edge from starting, and a good one replaces it', async () => {
  const { issue, start, serial, said, authority, local, serialOf } = await scene()
  const [issued, other] = [await authority.sign('issued', ['localhost']), await authority.sign('other', ['localhost'])]
  issue({ certificate: other.certificate, key: issued.key })
  await start()
  expect(said()).toContain('of no use')
  expect(await serial()).toBe(serialOf(local))
  issue(issued)
  await vi.waitFor(async () => expect(await serial()).toBe(serialOf(issued)), soon)
})

test('without a name nobody is asked for a certificate', async () => {
  const child = spawn(join(root, 'nginx/certificates/certbot.sh'), { env: { PATH: process.env.PATH } })
  const [line] = await once(child.stdout, 'data')
  expect(String(line)).toContain('nobody is asked')
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

async function scene() {
  const folder = mkdtempSync(join(tmpdir(), 'seaworthy-certificates-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const authority = await makeAuthority(folder)
  const local = await authority.sign('local', ['localhost'])
  const service = createServer((_request, answer) => answer.end())
  await once(service.listen(0, '127.0.0.1'), 'listening')
  const upstream = `127.0.0.1:${(service.address() as AddressInfo).port}`
  const edge = await openNginx({ upstreams: [upstream], hosts: ['localhost'] })
  onTestFinished(async () => {
    await edge.close()
    service.close()
  })
  let heard = ''

  return { authority, local, issue, start, serial, serialOf, said: () => heard }

  function issue({ certificate, key }: Pair): void {
    const file = join(folder, 'issued.pem')
    writeFileSync(`${file}.new`, `${readFileSync(certificate, 'utf8')}${readFileSync(key, 'utf8')}`)
    renameSync(`${file}.new`, file)
  }

  async function start(): Promise<void> {
    const env = {
      PATH: `${dirname(readlinkSync(`/proc/${edge.pid}/exe`))}:${process.env.PATH}`,
      EDGE_ISSUED: join(folder, 'issued.pem'),
      EDGE_CERTIFICATE: local.certificate,
      EDGE_KEY: local.key,
      EDGE_SHOWN: join(edge.folder, 'certificate.pem'),
      EDGE_LOOK_SECONDS: '0.2',
      EDGE_PREFIX: `${edge.folder}/`,
      EDGE_CONFIGURATION: join(edge.folder, 'nginx.conf'),
    }
    const conf = readFileSync(join(root, 'nginx/certificates.conf'), 'utf8').replaceAll('/tmp/', `${edge.folder}/`)
    writeFileSync(join(edge.folder, 'certificates.conf'), conf)
    // In a group of its own: the loop outlives the script that starts it.
    const child = spawn(join(root, 'nginx/certificates/edge.sh'), { env, detached: true })
    onTestFinished(() => void process.kill(-Number(child.pid), 'SIGKILL'))
    child.stderr.on('data', (text) => {
      heard += text
    })
    await once(child, 'exit')
    await edge.setUpstreams([upstream])
  }

  function serial(): Promise<string> {
    return new Promise((settle, reject) => {
      const place = { host: '127.0.0.1', port: edge.port, servername: 'localhost', rejectUnauthorized: false }
      const socket = connect(place, () => {
        settle(socket.getPeerCertificate().serialNumber)
        socket.destroy()
      }).once('error', reject)
    })
  }

  function serialOf({ certificate }: Pair): string {
    return new X509Certificate(readFileSync(certificate)).serialNumber
  }
}
